import Base
import Foundation
import TopologyFile

/// Where a text that may be secret is kept: in the file of settings itself, in a variable or in a file of its own.
enum SecretSource: Equatable, Sendable {
    case plain(String)
    case variable(String)
    case file(String)

    /// - Parameters:
    ///   - name: what it is, for messages.
    ///   - place: where that stands.
    /// - Throws: `config.bad_value` where what it names is not there.
    func text(of name: String, at place: SourceLocation, environment: [String: String]) throws(EngineError) -> String {
        switch self {
        case .plain(let text): return text
        case .variable(let variable):
            guard let text = environment[variable], !text.isEmpty else {
                throw EngineError(
                    .configBadValue, .user, "\(place): '\(name)' names the variable '\(variable)', which is not set",
                    remedy: "Set it in the engine's environment.")
            }
            return text
        case .file(let path):
            do {
                return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)
            } catch {
                throw EngineError(
                    .configBadValue, .user,
                    "\(place): '\(name)' names the file '\(path)', which cannot be read: \(error.localizedDescription)",
                    remedy: "Put the secret there, and let the engine's user read it.")
            }
        }
    }
}

/// A secret setting that the file keeps elsewhere: `postgres: { env: VARIABLE }` or `postgres: { file: PATH }`.
struct SecretEntry {
    /// The setting's name.
    let setting: String
    private let entry: YAMLEntry

    /// Nil: the entry is no such thing.
    init?(_ entry: YAMLEntry) {
        guard entry.path.count == 2, ["env", "file"].contains(entry.path[1]),
            Settings.all.contains(where: { $0.isSecret && $0.name == entry.path[0] })
        else { return nil }
        setting = entry.path[0]
        self.entry = entry
    }

    /// Nil where it is not there, which is added to `faults`.
    func text(environment: [String: String], faults: inout [EngineError]) -> String? {
        guard case .text(let name) = entry.value else {
            faults.append(
                EngineError(
                    .configBadValue, .user, "\(entry.location): '\(setting): \(entry.path[1])' is no text",
                    remedy: "Write '\(setting): { env: VARIABLE }' or '\(setting): { file: PATH }'."))
            return nil
        }
        let source = entry.path[1] == "env" ? SecretSource.variable(name) : .file(name)
        do {
            return try source.text(of: setting, at: entry.location, environment: environment)
        } catch {
            faults.append(error)
            return nil
        }
    }
}
