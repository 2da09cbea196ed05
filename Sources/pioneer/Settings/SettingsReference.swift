/// The example file and the page of the reference, made of the declarations. A test holds the files in the repository
/// against them.
enum SettingsReference {
    /// A file with every setting at its default, as a comment: taking the `#` away sets it.
    static var exampleFile: [String] {
        var lines = [
            "# Settings of pioneer. A flag goes before a variable PIONEER_…, that before this file, and this before the default.",
            "# Take away the '#' before a line to set it. 'pioneer config' shows what holds, and why.",
        ]
        var section: Substring?
        for setting in Settings.all {
            let parts = setting.name.split(separator: ".")
            let isNested = parts.count > 1
            if isNested, parts[0] != section {
                lines += ["", "# \(parts[0]):"]
                section = parts[0]
            }
            let indent = isNested ? "  " : ""
            let value = setting.standard ?? "…"
            if !isNested { lines.append("") }
            lines.append("# " + indent + "\(parts[parts.count - 1]): \(value)".padded(to: 30 - indent.count) + "# " + comment(setting))
        }
        return lines
    }

    private static func comment(_ setting: SettingDeclaration) -> String {
        setting.help + (setting.standard == nil ? " Without it: \(setting.otherwise)." : "")
    }

    /// The table of all settings, as the documentation has it.
    static var table: [String] {
        ["| setting | flag | variable | default | allowed | used by |", "| --- | --- | --- | --- | --- | --- |"]
            + Settings.all.map { setting in
                let standard = setting.standard.map { "`\($0)`" } ?? setting.otherwise
                return "| `\(setting.name)` | `\(setting.flag)` | `\(setting.variable)` | \(standard) | \(setting.allowed) | "
                    + setting.commands.map { "`\($0)`" }.joined(separator: ", ") + " |"
            }
    }
}

extension String {
    /// With blanks after it, to at least so many characters and one blank.
    fileprivate func padded(to count: Int) -> String { self + String(repeating: " ", count: max(1, count - self.count)) }
}
