"""placeholder"""
def report_page(run):
    return "<html></html>"
