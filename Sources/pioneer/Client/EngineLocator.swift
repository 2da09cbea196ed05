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
            .addressFile, .environment, "could not \(what) '\(path)': \(String(cString: strerror(errno)))",
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
                .engineAddress, .user, "'\(text)' (\(origin)) is no engine's address",
                remedy: "Give a scheme and a host, for example http://127.0.0.1:8000.")
        }
        self.url = url
        self.origin = origin
        self.isFromFile = isFromFile
    }
}

/// How a client command is told where the engine is.
struct EngineOptions: ParsableArguments {
    @OptionGroup var file: SettingsFileOption
    @OptionGroup var directory: DataOption

    @Option(help: Settings.engineURL.argumentHelp)
    var to: String?

    var given: GivenSettings {
        var given = GivenSettings(file: file.path)
        given.add(Settings.dataDir, directory.data)
        given.add(Settings.engineURL, to)
        return given
    }

    /// Throws what resolving throws, `client.engine_not_found`, `client.address` or `client.address_file`.
    func locate() async throws -> EngineAddress { try EngineAddress(located: try await .resolve(given)) }

    func client() async throws -> EngineClient { EngineClient(try await locate()) }
}

extension EngineAddress {
    /// What the settings say: the address itself, or what stands in the data directory. Where both were given, the one
    /// whose source goes first, so that `--data` on the command line is not overruled by a variable.
    init(located settings: ResolvedSettings) throws {
        let (url, directory) = (settings.origin(Settings.engineURL), settings.origin(Settings.dataDir))
        if let engine = settings.value(Settings.engineURL), url.rank <= directory.rank {
            try self.init(engine, origin: url.description, isFromFile: false)
            return
        }
        let path = settings[Settings.dataDir]
        guard let address = try EngineAddressFile.read(in: path) else {
            throw EngineError(
                .engineNotFound, .environment, "no engine runs on the data directory '\(path)' (\(directory.description))",
                remedy: "Start one with 'pioneer run FILE', or name its data directory with --data, or its address with --to.")
        }
        try self.init(address, origin: EngineAddressFile.path(in: path), isFromFile: true)
    }
}
