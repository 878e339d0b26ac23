"""Everything to invoices in any order: `./run proof machine`."""

from bench.house import prove

if __name__ == "__main__":
    prove("machine", durable=False)
