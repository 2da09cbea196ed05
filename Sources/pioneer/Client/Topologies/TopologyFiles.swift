import Base
import TopologyFile

extension ErrorCode {
    /// A directory without any topology.
    static let noTopologies = ErrorCode("file.no_topologies")
}

/// What is named on a command line as topologies: files, or directories of them.
enum TopologyFiles {
    /// Those of `expanded` that are no tests files, so that `topologies/*.yaml` names what it seems to; unless there is
    /// nothing else, which is then told of each.
    static func topologies(_ paths: [String]) throws -> [String] {
        let files = try expanded(paths)
        let topologies = files.filter { !TopologyLoader.isTests(path: $0) }
        return topologies.isEmpty ? files : topologies
    }

    /// Each directory's files `NAME.yaml` in its place, sorted. Throws `file.no_topologies` for one without any.
    static func expanded(_ paths: [String]) throws -> [String] {
        try paths.flatMap { path -> [String] in
            guard FilePath.isDirectory(path) else { return [path] }
            let names = (TextFile.names(inDirectory: path) ?? []).filter { $0.hasSuffix(".yaml") }
            guard !names.isEmpty else {
                throw EngineError(
                    .noTopologies, .user, "the directory '\(path)' has no topologies",
                    remedy: "A topology is a file NAME.yaml, its tests are in NAME.test.yaml. Name one, or another directory.")
            }
            return names.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
        }
    }
}
