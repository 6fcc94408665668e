"""Every address of the desk; each app brings its own pages and its own part of the API."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("feedback.urls")),
    path("", include("explanations.urls")),
    path("accounts/", include("accounts.urls")),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("explanations.api.urls")),
    path("api/v1/", include("feedback.api.urls")),
    path("admin/", admin.site.urls),
]
