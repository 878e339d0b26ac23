"""Imports of customers, contacts, invoices and payments from CSV and XLSX.

A file is received and analyzed (`receiving`), its columns are mapped (`mapping`), its rows are
checked into a staging table (`staging`) and written from there in batches (`running`); what was
made can be undone (`undoing`). Rule: chasing, Import.
"""
