import Foundation

/// Makes the recorder of file operations into a library that an engine can be started with.
enum Recorder {
    /// The C compiler, found on the path; nil when there is none.
    static let compiler: String? = {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return ["cc", "clang", "gcc"].lazy.flatMap { name in directories.lazy.map { "\($0)/\(name)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    static func build(in directory: TemporaryDirectory) throws -> String {
        guard let compiler else { throw Trouble("no C compiler is on the path") }
        let source = try directory.write(recorderSource, to: "recorder.c"), library = directory.path + "/recorder.so"
        let log = directory.path + "/compiler.log"
        let process = try ChildProcess(
            [compiler, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", library, source], output: log)
        guard try process.waitForEnding(upTo: 60) == .exited(0) else {
            throw Trouble("\(compiler) failed: \(String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self))")
        }
        return library
    }
}
