"""The addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from accounts.views.login import Login
from accounts.views.password import ChangePassword
from accounts.views.preferences import ChooseLanguage, ChooseTheme, Logout
from accounts.views.tokens import Tokens

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", Login.as_view(), name="login"),
    path("logout/", Logout.as_view(), name="logout"),
    path("language/", ChooseLanguage.as_view(), name="choose-language"),
    path("theme/", ChooseTheme.as_view(), name="choose-theme"),
    path("password/", ChangePassword.as_view(), name="password_change"),
    path("tokens/", Tokens.as_view(), name="tokens"),
]
