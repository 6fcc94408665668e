"""The addresses of this app's pages."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path

from accounts.views.login import Login
from accounts.views.password import ChangePassword
from accounts.views.tokens import Tokens

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", ChangePassword.as_view(), name="password_change"),
    path("tokens/", Tokens.as_view(), name="tokens"),
]
