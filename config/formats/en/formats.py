"""American English."""

DATE_FORMAT = "F j, Y"
DATETIME_FORMAT = "F j, Y, g:i A e"
TIME_FORMAT = "g:i A"
YEAR_MONTH_FORMAT = "F Y"
MONTH_DAY_FORMAT = "F j"
SHORT_DATE_FORMAT = "M j, Y"
SHORT_DATETIME_FORMAT = "M j, Y, g:i A"
