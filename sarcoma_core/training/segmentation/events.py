"""The history of a training as TensorBoard reads it: equal histories give equal bytes.

TensorBoard's own writer puts the time of day and the name of the machine into the file and its name; here an
event's time is its epoch.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from sarcoma_core.training.checkpoint import EpochRow

NAME: Final = "events.out.tfevents.{number}.sarcoma"
_VERSION = "brain.Event:2"


def write_events(folder: Path, histories: Sequence[Sequence[EpochRow]]) -> tuple[str, ...]:
    """Write the history of each network of a member.

    Args:
        folder: of the member.
        histories: of each network.

    Returns:
        The names of the files.

    Raises:
        OSError: the disk is full or read-only.
    """
    names = []
    for number, history in enumerate(histories, 1):
        names.append(NAME.format(number=number))
        with (folder / names[-1]).open("wb") as stream:
            writer = RecordWriter(stream)
            writer.write(Event(wall_time=0.0, file_version=_VERSION).SerializeToString())
            for row in history:
                told = {"loss": row.loss, "learning rate": row.learning_rate, "Dice, native grid": row.judged}
                values = [
                    Summary.Value(tag=tag, simple_value=value)
                    for tag, value in told.items()
                    if value is not None
                ]
                event = Event(wall_time=float(row.epoch), step=row.epoch, summary=Summary(value=values))
                writer.write(event.SerializeToString())
            writer.flush()
    return tuple(names)
