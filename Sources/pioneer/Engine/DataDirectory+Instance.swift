import Base
import Foundation
import Runtime

extension DataDirectory {
    /// Who this directory's engine is among those that share its topologies: a name given once, so that one that comes back
    /// is known. Throws `run.data_directory`.
    func owner() throws -> TaskOwner { try Self.owner(in: path) }

    static func owner(in directory: String) throws -> TaskOwner {
        let path = directory + "/instance"
        let host = ProcessInfo.processInfo.hostName
        if let text = try? String(contentsOfFile: path, encoding: .utf8) {
            let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if !name.isEmpty { return TaskOwner(instance: name, host: host) }
        }
        let name = UUID().uuidString.lowercased()
        do {
            try Data((name + "\n").utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw EngineError(
                .dataDirectory, .environment, "cannot write '\(path)': \(error.localizedDescription)",
                remedy: "Free disk space or change the directory's permissions.")
        }
        return TaskOwner(instance: name, host: host)
    }
}
