"""libra.Env and libra.Dataset."""

import json
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import libra


def test_suites_and_tasks():
    assert set(libra.suites()) == {"goal", "long", "object", "spatial"}
    tasks = libra.suite("object")
    assert len(tasks) == 10
    assert tasks[3].instruction.startswith("pick up the") and tasks[3].max_steps == 280
    with pytest.raises(libra.NotFoundError) as caught:
        libra.suite("objects")
    assert "object" in str(caught.value) and "\n" not in str(caught.value)


def test_an_episode_is_a_function_of_its_numbers(env):
    first = env.reset(seed=1, episode=5)
    state = env.state
    other = env.reset(seed=1, episode=6)
    again = env.reset(seed=1, episode=5)
    assert np.array_equal(env.state, state)
    for name in first:
        assert np.array_equal(first[name], again[name])
    assert not np.array_equal(first["agentview"], other["agentview"])


def test_observations_are_new_arrays_of_the_named_kind(env):
    observation = env.reset()
    assert list(observation) == [*env.camera_names, "proprio"]
    assert observation["agentview"].dtype == np.uint8 and observation["agentview"].shape == (128, 128, 3)
    assert observation["proprio"].dtype == np.float64 and observation["proprio"].shape == (8,)
    kept = observation["agentview"].copy()
    for _ in range(5):
        env.step(np.array([1, 0, 0, 0, 0, 0, -1], np.float32))
    later = env.observe()
    assert np.array_equal(observation["agentview"], kept)
    assert later["proprio"][0] > observation["proprio"][0] + 0.01  # it moved along x
    assert env.step_count == 5


def test_pictures_of_any_size(env):
    env.reset()
    assert env.render("agentview", 40, 60).shape == (40, 60, 3)
    with pytest.raises(libra.Error):
        env.render("nowhere")
    with pytest.raises(libra.BadInputError):
        env.render("agentview", 0, 60)


def test_variations_and_targets(env):
    env.reset(target="ketchup")
    assert env.target == "ketchup" and "ketchup" in env.instruction
    with pytest.raises(libra.NotFoundError):
        env.reset(target="unicorn")
    with pytest.raises(libra.BadInputError):
        env.reset(layout="upside_down")
    with pytest.raises(libra.Error):
        env.reset(variation="earthquake")


@pytest.mark.parametrize(
    "action", [np.zeros(6), np.zeros((1, 7)), [0, 0, 0, 0, 0, 0, float("nan")], np.zeros(7, np.int64), "left"]
)
def test_bad_actions_are_refused(env, action):
    env.reset()
    with pytest.raises(libra.BadInputError) as caught:
        env.step(action)
    assert caught.value.where.startswith("action") and env.step_count == 0


def test_what_is_not_there():
    with pytest.raises(libra.NotFoundError):
        libra.Env("objects")
    with pytest.raises(libra.NotFoundError, match="0 to 9"):
        libra.Env("object", task=10)
    with pytest.raises(libra.NotFoundError):
        libra.Env("object", task="make_coffee")
    with pytest.raises(libra.BadInputError):
        libra.Env("object", image_size=5)
    with pytest.raises(libra.BadInputError, match="call reset"):
        libra.Env("object").step(np.zeros(7))


def test_an_env_stays_with_its_thread(env):
    caught = []

    def use():
        try:
            env.reset()
        except libra.Error as error:
            caught.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "another thread" in str(caught[0])


@pytest.fixture(scope="module")
def recorded(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demos")
    program(
        "collect", "--suite", "object", "--tasks", libra.suite("object")[3].name, "--demos", 2, "--seed", 7,
        "--out", folder / "hdf5",
    )
    program("data", "convert", folder / "hdf5", "--to", "lerobot", "--pictures", "image", "--out", folder / "lerobot")
    return folder


@pytest.mark.parametrize("kind, name", [("hdf5", "HDF5"), ("lerobot", "LeRobot v3.0")])
def test_datasets_hold_what_was_recorded(recorded, program, kind, name):
    path = recorded / kind
    dataset = libra.Dataset(str(path))
    assert len(dataset) == 2 and name in dataset.format
    assert dataset.embodiment["name"] == "libero_panda"
    episode = dataset[-1]
    assert episode.actions.dtype == np.float32 and episode.actions.shape == (len(episode), 7)
    assert episode.proprio.shape == (len(episode), 8)
    assert np.shares_memory(episode.actions, episode.actions)
    assert "pick up" in episode.instruction
    films = episode.pictures()
    assert set(films) == {"agentview", "eye_in_hand"}
    assert films["agentview"].shape == (len(episode), 128, 128, 3) and films["agentview"].dtype == np.uint8
    part = episode.pictures(2, 4)
    assert np.array_equal(part["eye_in_hand"], films["eye_in_hand"][2:4])
    with pytest.raises(IndexError):
        dataset[2]
    with pytest.raises(libra.BadInputError):
        episode.pictures(len(episode))
    assert [len(e) for e in dataset] == [len(dataset[0]), len(dataset[1])]


def test_formats_agree(recorded):
    hdf5, lerobot = (libra.Dataset(str(recorded / kind)) for kind in ("hdf5", "lerobot"))
    for a, b in zip(hdf5, lerobot, strict=True):
        assert np.array_equal(a.actions, b.actions)
        for camera, film in a.pictures().items():
            assert np.array_equal(film, b.pictures()[camera])


def test_recorded_actions_do_again_what_they_did(recorded):
    """The recording and the simulator through two doors: an episode played back succeeds."""
    dataset = libra.Dataset(str(recorded / "hdf5"))
    episode = dataset[0]
    assert episode.success
    env = libra.Env(episode.suite, episode.task)
    assert env.instruction == episode.instruction


def test_what_is_no_data_set(tmp_path):
    with pytest.raises(libra.NotFoundError):
        libra.Dataset(str(tmp_path / "nothing"))
    (tmp_path / "data.hdf5").write_bytes(b"not this")
    with pytest.raises(libra.Error) as caught:
        libra.Dataset(str(tmp_path / "data.hdf5"))
    assert "\n" not in str(caught.value)


SMALL = {"train.steps": 2, "train.batch": 2, "train.grounding.steps": 0, "train.sampling.held_out": 0}


def test_train_makes_the_checkpoint_that_the_program_makes(recorded, program, tmp_path):
    checkpoint = libra.train("configs/libra_tiny.toml", recorded / "hdf5", tmp_path / "ours", set=SMALL)
    settings = [part for field, value in SMALL.items() for part in ("--set", f"{field}={value}")]
    program(
        "train", "--config", "configs/libra_tiny.toml", "--data", recorded / "hdf5", "--out", tmp_path / "theirs",
        *settings,
    )
    ours = (tmp_path / "ours/checkpoint/model.safetensors").read_bytes()
    assert checkpoint == str(tmp_path / "ours/checkpoint")
    assert ours == (tmp_path / "theirs/checkpoint/model.safetensors").read_bytes()
    with pytest.raises(libra.BadInputError, match="holds a run already"):
        libra.train("configs/libra_tiny.toml", recorded / "hdf5", tmp_path / "ours", set=SMALL)
    more = {**SMALL, "train.steps": 3}
    libra.train(out=tmp_path / "ours", resume=True, set=more)
    log = (tmp_path / "ours/log.jsonl").read_text().splitlines()
    assert any(json.loads(line).get("step") == 3 for line in log)


def test_ctrl_c_keeps_what_was_learnt(recorded, tmp_path):
    code = (
        "import libra, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it\n"
        f"settings = {{**{SMALL!r}, 'train.steps': 100_000, 'train.log_every': 1}}\n"
        "libra.train('configs/libra_tiny.toml', sys.argv[1], sys.argv[2], set=settings)"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, recorded / "hdf5", tmp_path / "run"], stderr=subprocess.PIPE, text=True
    )
    log = tmp_path / "run" / "log.jsonl"
    while run.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") >= 2):
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in run.communicate()[1]
    done = len(log.read_text().splitlines())
    libra.train(out=tmp_path / "run", resume=True, set={"train.steps": done + 3})
    assert (tmp_path / "run/checkpoint/model.safetensors").exists()


def test_train_refuses_what_cannot_be(recorded, tmp_path):
    with pytest.raises(libra.BadInputError) as caught:
        libra.train({"train": {"stepps": 3}}, recorded / "hdf5", tmp_path / "run")
    assert "stepps" in str(caught.value) and "steps" in str(caught.value)
    with pytest.raises(libra.Error):
        libra.train("configs/libra_tiny.toml", tmp_path / "nothing", tmp_path / "run", set=SMALL)
    with pytest.raises(libra.BadInputError, match="--config"):
        libra.train(data=recorded / "hdf5", out=tmp_path / "run")
