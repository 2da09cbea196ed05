import ArgumentParser
import Base

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ErrorCode {
    static let engineNotFound = ErrorCode("client.engine_not_found")
    static let engineAddress = ErrorCode("client.address")
    static let addressFile = ErrorCode("client.address_file")
}

/// Where the engine keeps its data, and where the other commands find it.
enum DataDirectoryPath {
    static let pathDefault = "./pioneer-data"
    static let variable = "PIONEER_DATA_DIR"
    /// What holds without the option, for help texts.
    static let otherwise = "Else $\(variable), else \(pathDefault)."

    /// The option, else the environment's, else the default.
    static func chosen(option: String?, environment: (String) -> String? = Environment.variable) -> String {
        option ?? environment(variable).flatMap { $0.isEmpty ? nil : $0 } ?? pathDefault
    }
}

/// The file in the data directory that says where the running engine answers: one line, `http://127.0.0.1:8000`.
///
/// It is there from the moment the engine answers until it stops; after a kill it is left over, and whoever reads it is
/// told by the connection.
enum EngineAddressFile {
    static func path(in directory: String) -> String { directory + "/address" }

    /// The address; nil where there is no file. Throws `client.address_file` when it cannot be read.
    static func read(in directory: String) throws -> String? {
        let path = path(in: directory)
        guard let file = fopen(path, "re") else {
            guard errno != ENOENT, errno != ENOTDIR else { return nil }
            throw fault("read", path)
        }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&buffer, 1, buffer.count, file)
        let line = String(decoding: buffer[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace).first
        return line.map(String.init)
    }

    private static func fault(_ what: String, _ path: String) -> EngineError {
        EngineError(
            .addressFile, .environment, "Could not \(what) '\(path)': \(String(cString: strerror(errno))).",
            remedy: "Check that the data directory exists and that this user may use it.")
    }
}

/// An engine's address, and how it was found, for messages.
struct EngineAddress: Equatable {
    /// `http://127.0.0.1:8000`, without a slash at the end.
    var url: String
    /// `--to`, or the address file's path.
    var origin: String
    /// The address was left behind by an engine that may be gone.
    var isFromFile: Bool

    /// Throws `client.address`.
    init(_ text: String, origin: String, isFromFile: Bool) throws {
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "http:" || parts[0] == "https:", parts[1].isEmpty, !parts[2].isEmpty,
            !parts[2].contains(where: { $0 == "?" || $0 == "#" || $0.isWhitespace })
        else {
            throw EngineError(
                .engineAddress, .user, "'\(text)' (\(origin)) is no engine's address.",
                remedy: "Give a scheme and a host, for example http://127.0.0.1:8000.")
        }
        self.url = url
        self.origin = origin
        self.isFromFile = isFromFile
    }
}

/// How a client command is told where the engine is.
struct EngineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The engine's data directory, which says where it answers. \(DataDirectoryPath.otherwise)", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("The engine's address, such as http://127.0.0.1:8000; --data is not looked at then.", valueName: "url"))
    var to: String?

    /// Throws `client.engine_not_found`, `client.address` or `client.address_file`.
    func locate() throws -> EngineAddress {
        if let to { return try EngineAddress(to, origin: "--to", isFromFile: false) }
        let directory = DataDirectoryPath.chosen(option: data)
        guard let url = try EngineAddressFile.read(in: directory) else {
            throw EngineError(
                .engineNotFound, .environment, "No engine runs on the data directory '\(directory)'.",
                remedy: "Start one with 'pioneer run', or name its data directory with --data, or its address with --to.")
        }
        return try EngineAddress(url, origin: EngineAddressFile.path(in: directory), isFromFile: true)
    }

    func client() throws -> EngineClient { EngineClient(try locate()) }
}
