import Base
import Foundation

extension ErrorCode {
    /// The directory given for the data has files of others and no store of ours.
    static let foreignDirectory = ErrorCode("run.foreign_directory")
    /// The data directory is of an engine with a log of its own, and this one is on Kafka; or the other way round.
    static let otherKind = ErrorCode("run.other_kind")
}

extension DataDirectory {
    /// What may be in a data directory before it has a store: our own, and what file systems have at their roots.
    private static let expectedNames: Set<String> = [
        "store", "state", "views", "address", "instance", "agent-spool", "lost+found",
    ]

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
        guard !hasStore(path, .embedded), !hasStore(path, .kafka), let names = try? FileManager.default.contentsOfDirectory(atPath: path)
        else { return }
        guard let foreign = names.filter({ !expectedNames.contains($0) }).min() else { return }
        throw EngineError(
            .foreignDirectory, .user, "the directory '\(path)' has files that are not an engine's, such as '\(foreign)'",
            remedy: "Choose an empty or new directory with --data.")
    }

    static func hasStore(_ path: String, _ kind: Kind) -> Bool {
        FileManager.default.fileExists(atPath: path + "/" + kind.storeName + "/FORMAT")
    }

    /// Throws `run.other_kind`: what an engine has made of one log means nothing on another.
    static func checkKind(_ path: String, _ kind: Kind) throws {
        switch kind {
        case .embedded where hasStore(path, .kafka):
            throw EngineError(
                .otherKind, .user, "the data directory '\(path)' is of an engine on Kafka, and no --kafka was given",
                remedy: "Give --kafka HOST:PORT (or set PIONEER_KAFKA), or choose another directory with --data.")
        case .kafka where hasStore(path, .embedded):
            throw EngineError(
                .otherKind, .user, "the data directory '\(path)' is of an engine with a log of its own, which does not move to Kafka",
                remedy: "Choose another directory with --data, or run without --kafka.")
        default: break
        }
    }
}
