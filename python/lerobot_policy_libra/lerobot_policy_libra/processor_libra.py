"""What LeRobot does around the policy: names, batches and devices, and nothing to the numbers."""

from __future__ import annotations

from lerobot.processor import AddBatchDimensionProcessorStep, DeviceProcessorStep, RenameObservationsProcessorStep
from lerobot.processor.factory import make_policy_processor_pipelines

from .configuration_libra import LibraConfig


def make_libra_pre_post_processors(config: LibraConfig, dataset_stats=None):
    """Without normalisers: the checkpoint holds its own statistics, and those of the data are not used."""
    del dataset_stats
    return make_policy_processor_pipelines(
        input_steps=[
            RenameObservationsProcessorStep(rename_map={}),
            AddBatchDimensionProcessorStep(),
            DeviceProcessorStep(device=config.device),
        ],
        output_steps=[DeviceProcessorStep(device="cpu")],
    )
