import Foundation

/// Where the built `pioneer` and the repository's files are.
enum EngineBinary {
    /// The repository: two directories above this one.
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// `$PIONEER_BINARY`; else the one beside the tests, as a build of the package puts it there; else the newest of those
    /// in the repository's build directory.
    static func path() throws -> String {
        let files = FileManager.default
        if let given = ProcessInfo.processInfo.environment["PIONEER_BINARY"] {
            guard files.isExecutableFile(atPath: given) else { throw Trouble("PIONEER_BINARY is '\(given)', which cannot be run") }
            return given
        }
        let beside = Bundle.main.bundleURL.appendingPathComponent("pioneer").path
        let tests = CommandLine.arguments.first.map {
            URL(fileURLWithPath: $0).deletingLastPathComponent().appendingPathComponent("pioneer").path
        }
        for path in [beside, tests].compactMap({ $0 }) where files.isExecutableFile(atPath: path) { return path }
        let built = ["debug", "release"].map { "\(repository)/.build/\($0)/pioneer" }.filter(files.isExecutableFile)
        func age(_ path: String) -> Date { (try? files.attributesOfItem(atPath: path))?[.modificationDate] as? Date ?? .distantPast }
        guard let newest = built.max(by: { age($0) < age($1) }) else {
            throw Trouble("there is no pioneer to test: run 'swift build', or name one with PIONEER_BINARY")
        }
        return newest
    }

    static var usage: String { repository + "/topologies/usage.yaml" }
    static var schemas: String { repository + "/schemas" }
}
