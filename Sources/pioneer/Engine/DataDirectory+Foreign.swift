import Base
import Foundation

extension ErrorCode {
    /// The directory given for the data has files of others and no store of ours.
    static let foreignDirectory = ErrorCode("run.foreign_directory")
}

extension DataDirectory {
    /// What may be in a data directory before it has a store: our own, and what file systems have at their roots.
    private static let expectedNames: Set<String> = ["store", "views", "address", "agent-spool", "lost+found"]

    /// Throws `run.data_directory` where something else has the name.
    static func checkIsDirectory(_ path: String) throws {
        guard FilePath.exists(path), !FilePath.isDirectory(path) else { return }
        throw EngineError(
            .dataDirectory, .user, "the data directory '\(path)' is a file",
            remedy: "Name a directory with --data; one that is not there is made.")
    }

    /// Throws `run.foreign_directory` where the engine's files would end up among those of others: in a directory that
    /// is not empty and has neither a store nor only names of ours. What cannot be listed is left to the stores, which
    /// say what is wrong with it.
    static func checkIsOurs(_ path: String) throws {
        guard !FileManager.default.fileExists(atPath: path + "/store/FORMAT"),
            let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        else { return }
        guard let foreign = names.filter({ !expectedNames.contains($0) }).min() else { return }
        throw EngineError(
            .foreignDirectory, .user, "the directory '\(path)' has files that are not an engine's, such as '\(foreign)'",
            remedy: "Choose an empty or new directory with --data.")
    }
}
