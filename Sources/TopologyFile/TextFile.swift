public import Base

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ErrorCode {
    public static let fileNotFound = ErrorCode("file.not_found")
    public static let fileNotReadable = ErrorCode("file.not_readable")
    public static let fileNotUTF8 = ErrorCode("file.not_utf8")
    public static let fileTooLarge = ErrorCode("file.too_large")
}

/// Reads the small text files that users write: topologies, tests, schemas.
public enum TextFile {
    /// More is no file that a person wrote.
    public static let bytesMax = 1 << 20

    /// Why a file could not be read, as a finding at its beginning.
    public struct Fault: Error {
        public var finding: Finding
        init(_ code: ErrorCode, _ message: String, _ remedy: String, path: String) {
            finding = Finding(code, message, remedy: remedy, at: SourceLocation(file: path, line: 1, column: 1))
        }
    }

    /// The file's text.
    public static func read(path: String) -> Result<String, Fault> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { return .failure(systemFault(path, "Check its permissions.")) }
            return .failure(Fault(.fileNotFound, "there is no file '\(path)'", adviceWhereMissing(path), path: path))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let kind = status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "no plain file"
            return .failure(Fault(.fileNotReadable, "'\(path)' is \(kind)", "Name a text file.", path: path))
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= bytesMax {
            let count = readChunk(descriptor, &chunk)
            if count < 0 { return .failure(systemFault(path, "Check the disk.")) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        guard bytes.count <= bytesMax else {
            return .failure(Fault(.fileTooLarge, "'\(path)' has more than \(bytesMax) bytes", "Name a small text file.", path: path))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return .failure(Fault(.fileNotUTF8, "'\(path)' is not UTF-8 text", "Save it as UTF-8, if it is a text at all.", path: path))
        }
        return .success(text)
    }

    /// What to do about a path that leads nowhere: a pattern that the shell left as it is, a directory that is not there, or a
    /// name that is nearly one of those that are.
    public static func adviceWhereMissing(_ path: String) -> String {
        if path.contains(where: { "*?[".contains($0) }) { return "No file's name fits the pattern." }
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard let names = names(inDirectory: directory) else { return "There is no directory '\(directory)' either. Check the path." }
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        guard let nearest = nearestName(to: name, among: names) else { return "Check the path." }
        return "Did you mean '\(slash.map { path[...$0] + nearest } ?? nearest)'?"
    }

    /// Names of a directory's entries, sorted; nil when it cannot be read.
    public static func names(inDirectory path: String) -> [String]? {
        guard let directory = opendir(path) else { return nil }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func systemFault(_ path: String, _ remedy: String) -> Fault {
        Fault(.fileNotReadable, "'\(path)' cannot be read: \(String(cString: strerror(errno)))", remedy, path: path)
    }

    /// `read`, again when a signal came in between.
    private static func readChunk(_ descriptor: Int32, _ chunk: inout [UInt8]) -> Int {
        while true {
            let count = chunk.withUnsafeMutableBytes { platformRead(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 || errno != EINTR { return count }
        }
    }
}

/// The system's `read`, under a name that `TextFile.read` does not hide.
private func platformRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}
