import Foundation

/// A directory of a test's own, gone when the test is over. Its path has no symbolic links, so that it is the one that
/// the operating system reports for what lies in it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array((NSTemporaryDirectory() + "/pioneer-process-XXXXXX").utf8CString)
        guard let made = mkdtemp(&template), let real = realpath(made, nil) else {
            throw Trouble("cannot make a temporary directory: \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        path = String(cString: real)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: file).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// What kept a test from going on, in a sentence.
struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Lets time pass. Tests wait with it between two looks at something that has a deadline.
func pause(milliseconds: Int) { _ = poll(nil, 0, Int32(milliseconds)) }

/// Looks again and again until `look` has an answer. Throws what was awaited when it has none in time.
func wait<Answer>(upTo seconds: Double, for what: String, _ look: () throws -> Answer?) throws -> Answer {
    let deadline = Deadline(seconds: seconds)
    while true {
        if let answer = try look() { return answer }
        guard !deadline.isOver else { throw Trouble("waited \(seconds) s for \(what)") }
        pause(milliseconds: 10)
    }
}
