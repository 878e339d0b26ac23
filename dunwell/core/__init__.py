"""The pure rules: values in, values out, standard library only; nobody here asks the clock."""
