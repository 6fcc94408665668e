"""What REST views of the machine side answer with when things are not as the caller thought."""

from rest_framework import status
from rest_framework.exceptions import APIException


class Conflict(APIException):
    """Something is in another state than the step needs, or the key is that of something else."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"
