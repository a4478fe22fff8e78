"""Protobuf messages described in tables, so that no code is generated."""

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD: Final = descriptor_pb2.FieldDescriptorProto
ONE: Final = FIELD.LABEL_OPTIONAL
MANY: Final = FIELD.LABEL_REPEATED

Fields = tuple[tuple[str, int, int, int, str], ...]
"""Name, number, type, label and, for messages, the name of theirs."""


def message_class(package: str, fields_by_message: Mapping[str, Fields], name: str) -> Any:
    """Returns the class of one of the messages; the others are its parts."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}.proto", package=package, syntax="proto3"
    )
    for message_name, fields in fields_by_message.items():
        message = file.message_type.add(name=message_name)
        for field, number, kind, label, of in fields:
            message.field.add(
                name=field,
                number=number,
                type=kind,
                label=label,
                type_name=f".{package}.{of}" if of else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
