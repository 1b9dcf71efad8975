"""What schemathesis does not know by itself."""

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def a_piece_of_a_file(context, value):
    """Bytes are sent as they are."""
    return value if isinstance(value, bytes) else str(value).encode()
