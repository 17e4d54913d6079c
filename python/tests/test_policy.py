"""libra.Policy gives the numbers of `libra plan` and the episodes of `libra eval`."""

import json
import threading
import time

import numpy as np
import pytest
from conftest import CHECKPOINT

import libra


@pytest.fixture(scope="module")
def observation(env):
    return env.reset(seed=0, episode=2)


def test_infer_gives_the_bits_of_the_program(policy, env, observation, program, tmp_path):
    images = []
    for name in policy.camera_names:
        images += ["--image", tmp_path / f"{name}.ppm"]
        images[-1].write_bytes(b"P6 128 128 255\n" + observation[name].tobytes())
    said = json.loads(
        program(
            "--json", "plan", "--checkpoint", CHECKPOINT, *images, "--instruction", env.instruction,
            "--proprio", ",".join(repr(float(value)) for value in observation["proprio"]),
        )
    )
    answer = policy.infer(observation, env.instruction)
    assert np.array_equal(answer.actions, np.array(said[0]["actions"], np.float32))
    assert np.array_equal(answer.bins, np.array([part["bin"] for part in said], np.uint8))
    assert np.array_equal(answer.probabilities, np.array([part["probability"] for part in said], np.float32))
    assert answer.words == [part["words"] for part in said]


@pytest.mark.parametrize("schedule, chunks", [("amortised", 2), ("sync", 1)])
def test_sessions_play_the_episodes_of_eval(policy, env, program, tmp_path, schedule, chunks):
    program(
        "eval", "--checkpoint", CHECKPOINT, "--suite", "object", "--tasks", 3, "--rollouts", 2, "--seed", 4,
        "--videos", 0, "--schedule", schedule, "--M", chunks, "--workers", 1, "--out", tmp_path,
    )
    results = json.loads((tmp_path / "results.json").read_text())
    expected = {e["episode"]: (e["success"], e["steps"]) for e in results["episodes"]}
    played = {}
    for episode in range(2):
        env.reset(seed=4, episode=episode)
        session = policy.session(
            env.instruction, schedule=schedule, M=chunks, task=env.task.name, seed=4, episode=episode
        )
        while not env.over:
            action = session.act(env.observe() if session.needs_observation else None)
            result = env.step(action)
        played[episode] = (result.success, env.step_count)
        assert session.stats["chunks"] == -(-env.step_count // policy.horizon)
    assert played == expected


def test_seeds_decide(policy, env, observation):
    first, again, other = (policy.infer(observation, env.instruction, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.actions, again.actions)
    assert not np.array_equal(first.actions, other.actions)
    assert np.array_equal(first.bins, other.bins)


def test_arrays_of_any_layout_are_the_same_observation(policy, env, observation):
    expected = policy.infer(observation, env.instruction).actions
    strange = {name: np.asfortranarray(picture) for name, picture in observation.items()}
    strange["proprio"] = list(map(float, observation["proprio"]))
    strange["instruction"] = env.instruction
    assert np.array_equal(policy.infer(strange).actions, expected)
    mirrored = {**observation, "agentview": observation["agentview"][:, ::-1][:, ::-1]}
    assert np.array_equal(policy.infer(mirrored, env.instruction).actions, expected)


def test_answers_are_not_copied_and_outlive_their_owner(policy, env, observation):
    answer = policy.infer(observation, env.instruction)
    actions, again = answer.actions, answer.actions
    assert np.shares_memory(actions, again)
    kept = actions.copy()
    del answer, again
    assert np.array_equal(actions, kept)


def test_the_gil_is_released(policy, env, observation):
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        begin = time.perf_counter()
        for _ in range(20):
            policy.infer(observation, env.instruction)
        end = time.perf_counter()
    finally:
        stop.set()
        thread.join()
    within = sum(begin < tick < end for tick in ticks)
    assert within > 20  # a call that held the GIL would let the thread run between calls alone


def test_threads_share_a_policy(policy, env, observation):
    words = env.instruction  # of another thread the env would refuse to tell
    expected = [policy.infer(observation, words, seed=seed).actions for seed in range(8)]
    found = [None] * 8

    def ask(seed):
        found[seed] = policy.infer(observation, words, seed=seed).actions

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def test_real_time_never_waits_for_a_network(policy, env):
    env.reset(seed=0, episode=0)
    session = policy.session(env.instruction, schedule="overlapped", realtime=True)
    sources = set()
    for _ in range(60):
        observation = env.observe()
        env.step(session.act(observation))
        sources.add(session.source)
    assert "chunk" in sources
    assert session.last_error == ""


@pytest.mark.parametrize(
    "change, text",
    [
        ({"agentview": None}, "agentview is missing"),
        ({"agentview": np.zeros((3, 128, 128), np.uint8)}, "channels come last"),
        ({"agentview": np.zeros((128, 128, 3), np.float32)}, "agentview is float32 [128, 128, 3]"),
        ({"agentview": np.zeros((0, 128, 3), np.uint8)}, "sides of 1 to 8192 px"),
        ({"agentview": np.zeros((1, 128, 128, 3), np.uint8)}, "not a batch"),
        ({"proprio": np.zeros(7)}, "proprio is float64 [7]"),
        ({"proprio": np.array([0, 0, np.nan, 0, 0, 0, 0, 0])}, "nan at z"),
        ({"proprio": np.zeros(8, np.int64)}, "proprio is int64 [8]"),
        ({"wrist": np.zeros((8, 8, 3), np.uint8)}, "wrist is not the robot's"),
        ({"eye_in_hand": "a picture"}, None),
    ],
)
def test_bad_observations_are_told_in_one_line(policy, env, observation, change, text):
    with pytest.raises(libra.BadInputError) as caught:
        policy.infer({**observation, **change}, env.instruction)
    error = caught.value
    assert error.code == "bad_input" and isinstance(error, ValueError)
    assert "\n" not in str(error) and error.where.startswith("observation")
    if text:
        assert text in error.found
        assert "agentview uint8 [height, width, 3]" in error.expected


def test_bad_instructions_are_refused(policy, observation):
    for words in ("", "  ", "<image>", "word " * 10_000, 7):
        with pytest.raises(libra.BadInputError) as caught:
            policy.infer(observation, words)
        assert caught.value.where.startswith("instruction")
    with pytest.raises(libra.BadInputError, match="is missing"):
        policy.infer(observation)


def test_what_is_no_checkpoint_is_told(tmp_path):
    with pytest.raises(libra.NotFoundError) as caught:
        libra.Policy(str(tmp_path / "nothing"))
    assert caught.value.code == "not_found" and str(tmp_path) in caught.value.where
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(libra.Error) as caught:
        libra.Policy(str(tmp_path))
    assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)
    for options in ({"precision": "f8"}, {"threads": 0}, {"device": "tpu"}, {"denoise_steps": 1000}):
        with pytest.raises(libra.BadInputError):
            libra.Policy(CHECKPOINT, **options)


def test_errors_survive_pickling(policy, env, observation):
    import pickle

    with pytest.raises(libra.BadInputError) as caught:
        policy.infer({"proprio": observation["proprio"]}, env.instruction)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.found == caught.value.found
