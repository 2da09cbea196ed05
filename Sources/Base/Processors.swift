import Glibc

public enum Processors {
    /// Those that the system has at work, at least one.
    public static let count = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}
