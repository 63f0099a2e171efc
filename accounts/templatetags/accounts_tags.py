"""What the account's pages print."""

from django import template

from accounts.devices import browser_named

register = template.Library()
register.filter("browser_name", browser_named)
