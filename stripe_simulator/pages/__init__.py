"""What people see: the payment page, the portal, invoices and receipts, the console."""
