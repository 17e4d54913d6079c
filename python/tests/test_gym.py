"""The suites as gymnasium environments."""

import numpy as np
import pytest

import libra

gymnasium = pytest.importorskip("gymnasium")
checker = pytest.importorskip("gymnasium.utils.env_checker")

import libra.gym  # noqa: E402


def test_every_suite_has_an_id():
    for suite in libra.suites():
        assert gymnasium.spec(f"libra/{suite}-v0").kwargs == {"suite": suite}
    assert "libra/libero-v0" in gymnasium.registry


@pytest.mark.parametrize("suite", ["object", "goal"])
@pytest.mark.filterwarnings("error::UserWarning")
def test_gymnasiums_own_check_has_no_complaint(suite):
    env = gymnasium.make(f"libra/{suite}-v0", task=1, render_mode="rgb_array", disable_env_checker=True).unwrapped
    # agent_pos has no bounds that mean anything, which is what the two messages are about.
    with pytest.warns(UserWarning, match="infinity"):
        checker.check_env(env, skip_close_check=True)
    env.close()


def test_seeds_and_episodes():
    env = gymnasium.make("libra/object-v0", task=3)
    first, info = env.reset(seed=5)
    assert (info["seed"], info["episode"]) == (5, 0)
    second, info = env.reset()
    assert (info["seed"], info["episode"]) == (5, 1)
    again, _ = env.reset(seed=5)
    third, info = env.reset(options={"episode": 1})
    assert np.array_equal(first["pixels"]["agentview"], again["pixels"]["agentview"])
    assert np.array_equal(second["agent_pos"], third["agent_pos"])
    assert not np.array_equal(first["pixels"]["agentview"], second["pixels"]["agentview"])
    assert info["instruction"].startswith("pick up") and info["is_success"] is False
    shuffled, _ = env.reset(options={"episode": 1, "layout": "shuffled"})
    assert not np.array_equal(shuffled["pixels"]["agentview"], third["pixels"]["agentview"])


def test_a_policy_solves_a_task_and_the_end_is_told():
    env = gymnasium.make("libra/object-v0", task=3)
    policy = libra.Policy("checkpoints/libra_tiny_object")
    observation, info = env.reset(seed=0)
    session = policy.session(info["instruction"], task=info["task"], seed=0, episode=0)
    total, over = 0.0, False
    while not over:
        action = session.act(libra.gym.policy_observation(observation))
        observation, reward, terminated, truncated, info = env.step(action)
        total += reward
        over = terminated or truncated
    assert terminated and not truncated and total == 1.0
    assert info["is_success"] and info["first_lifted"] in info["task"]


def test_an_episode_that_goes_nowhere_is_truncated():
    env = gymnasium.make("libra/object-v0", task=0)
    env.reset(seed=0)
    for step in range(280):
        _, reward, terminated, truncated, info = env.step(np.zeros(7, np.float32))
        assert (reward, terminated, truncated) == (0.0, False, step == 279)
    assert info["first_lifted"] == ""


def test_what_is_not_there():
    with pytest.raises(libra.NotFoundError):
        gymnasium.make("libra/object-v0", task=99)
    with pytest.raises(libra.NotFoundError):
        gymnasium.make("libra/libero-v0", suite="libero_object")
    with pytest.raises(libra.BadInputError, match="render_mode"):
        libra.gym.LibraEnv(render_mode="human")
