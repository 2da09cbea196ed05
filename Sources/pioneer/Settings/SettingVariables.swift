import Base

/// The environment's variables that begin with `PIONEER_`: each is a setting's, the file's, or one that only the tests of
/// this repository read. Anything else is a slip, and told.
enum SettingVariables {
    /// Read by tests of the sources, never by the program.
    static func isForTests(_ name: String) -> Bool {
        name == "PIONEER_BINARY" || ["PIONEER_TEST_", "PIONEER_CRASH_", "PIONEER_DISK_"].contains { name.hasPrefix($0) }
    }

    /// Those of the environment that are set to something: an empty variable is as good as none.
    static func ours(in environment: [String: String]) -> [String: String] {
        environment.filter { $0.key.hasPrefix(SettingDeclaration.variablePrefix) && !$0.value.isEmpty }
    }

    /// An error for each variable that is nobody's.
    static func unknown(in environment: [String: String]) -> [EngineError] {
        let known = Settings.all.map(\.variable) + [SettingsFile.variable]
        return ours(in: environment).keys.sorted().filter { !known.contains($0) && !isForTests($0) }.map { name in
            // A name cut short, as PIONEER_DATA is, means the one it begins.
            let nearest = known.first { $0.hasPrefix(name + "_") } ?? nearestName(to: name, among: known)
            return EngineError(
                .configUnknown, .user, "unknown variable '\(name)' in the environment",
                remedy: (nearest.map { "Did you mean \($0)? " } ?? "")
                    + "'pioneer config' shows all settings; 'unset \(name)' if it is meant for another program.")
        }
    }
}
