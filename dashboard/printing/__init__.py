"""Make pages to print and to send: values in, PDF and workbooks out."""
