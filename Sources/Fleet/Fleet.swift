/// A fleet of machines that do not exist, whose load looks like that of machines that do: for demos, tests and load.
public enum Fleet {}
