"""Takes the pictures in docs/images from a running Dunwell, such as `./run demo`.

    .venv/bin/python docs/screenshots.py http://127.0.0.1:8000 EMAIL PASSWORD [--only board]

Board, list, invoice, customer and cadence editor, at 1280 and 390 px, light and dark, with
Debian's chromium. Each is named PAGE-WIDTH-COLORS.png.
"""

import argparse
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
CHROMIUM = os.environ.get("DUNWELL_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
SIZES = ((1280, 800), (390, 780))
COLORS = ("light", "dark")


def board(page: Page, base: str) -> None:
    """Open the board."""
    page.goto(f"{base}/board/")


def invoices(page: Page, base: str) -> None:
    """Open the list."""
    page.goto(f"{base}/invoices/")


def invoice(page: Page, base: str) -> None:
    """Open an overdue invoice about which something happened."""
    page.goto(f"{base}/invoices/?status=overdue&sort=-last_action")
    page.goto(base + str(page.locator("#rows [data-open]").first.get_attribute("href")))


def customer(page: Page, base: str) -> None:
    """Open the customer that owes most."""
    page.goto(f"{base}/customers/?sort=-owed")
    page.goto(base + str(page.locator("tbody th a").first.get_attribute("href")))


def cadence(page: Page, base: str) -> None:
    """Open the first cadence in its editor."""
    page.goto(f"{base}/chasing/cadences/")
    link = page.locator("main").get_by_role("link", name="Edit").first
    page.goto(base + str(link.get_attribute("href")))


PAGES = {
    "board": board,
    "invoices": invoices,
    "invoice": invoice,
    "customer": customer,
    "cadence": cadence,
}


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    """Sign in by the form."""
    page.goto(f"{base}/accounts/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{base}/board/")


def take(browser: Browser, options: argparse.Namespace, colors: str, size: tuple[int, int]) -> None:
    """Take all pictures of one size in one set of colors."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if colors == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    sign_in(page, options.base, options.email, options.password)
    for name, show in PAGES.items():
        if options.only in ("", name):
            show(page, options.base)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}-{width}-{colors}.png")
    context.close()


def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("base", "email", "password"):
        parser.add_argument(name)
    parser.add_argument("--only", default="", choices=["", *PAGES])
    options = parser.parse_args()
    options.base = options.base.rstrip("/")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        for colors in COLORS:
            for size in SIZES:
                take(browser, options, colors, size)
        browser.close()


if __name__ == "__main__":
    main()
