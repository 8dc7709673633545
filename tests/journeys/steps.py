"""What every walk does: wait until a page has settled, and choose from a list."""

from playwright.sync_api import Error, expect

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
TRIES = 6


def settle(page):
    """Wait until the page's script has ended."""
    page.wait_for_selector(IDLE, state="attached")


def pick(page, field, option, *, typed=""):
    """Open a list and click an option; a rerun of the page closes a list that was just opened."""
    for _ in range(TRIES - 1):
        settle(page)
        field.click()
        try:
            if typed:
                field.fill(typed)  # a long list draws only what is in sight
            option.click(timeout=4_000)
            option.wait_for(state="hidden", timeout=4_000)  # a click that came amid a rerun is lost
        except Error:
            page.keyboard.press("Escape")
            continue
        return
    field.click()
    option.click()


def box_of(page, label):
    """Find the list with a label."""
    boxes = page.locator('[data-testid="stSelectbox"]').filter(has_text=label)
    return boxes.first.locator("input")


def choose(page, label, option):
    """Choose an option by its whole name from the list with a label."""
    wanted = page.get_by_role("option", name=option, exact=True)
    pick(page, box_of(page, label), wanted, typed=option)


def metric(page, label):
    """Find the value of a figure by its label."""
    tile = page.locator('[data-testid="stMetric"]').filter(has_text=label).first
    return tile.locator('[data-testid="stMetricValue"]')


def expect_metric(page, label, value):
    """Wait for a figure's value."""
    expect(metric(page, label)).to_have_text(value)
