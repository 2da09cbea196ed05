import Foundation

/// `pioneer run` as a process of its own, on one data directory and one port, started and ended as often as a test likes.
/// What it prints is kept in a file, and shown where it does not do what was awaited. It is killed when the object goes.
final class EngineProcess {
    struct Options {
        var topology = EngineBinary.usage
        /// Further words of the command line.
        var arguments = ["--commit-interval", "200ms", "--memory-max", "64MB"]
        var environment: [String: String] = [:]
        var partitions = 1
    }

    let data: String
    let logPath: String
    private(set) var port: UInt16
    var options: Options
    private let directory: TemporaryDirectory
    private var process: ChildProcess?

    /// How long a start may take on a machine that is busy with other things.
    private static let startSeconds = 60.0
    private static let stopSeconds = 60.0

    /// - Parameters:
    ///   - directory: holds what the engine prints, and its data unless `data` is elsewhere; kept as long as the engine.
    ///   - name: tells engines of one directory apart.
    init(
        in directory: TemporaryDirectory, name: String = "data", data: String? = nil, options: Options = Options(), port: UInt16? = nil
    ) throws {
        self.directory = directory
        self.data = data ?? "\(directory.path)/\(name)"
        logPath = "\(directory.path)/\(name).log"
        self.options = options
        self.port = try port ?? ListeningSocket.freePort()
    }

    // MARK: Life

    /// Starts it and returns at once.
    func launch(_ further: [String] = []) throws {
        let arguments = [
            try EngineBinary.path(), "run", options.topology, "--schemas", EngineBinary.schemas, "--data", data,
            "--listen", "127.0.0.1:\(port)", "--partitions", "\(options.partitions)",
        ]
        process = try ChildProcess(arguments + options.arguments + further, environment: options.environment, output: logPath)
    }

    /// Starts it and waits until it is healthy. Where another program has taken the port meanwhile, takes another one.
    func start(_ further: [String] = []) throws {
        for attempt in 1... {
            try launch(further)
            do { return try waitForHealth() } catch {
                guard attempt < 3, log.contains("api.port_in_use") else { throw error }
                port = try ListeningSocket.freePort()
            }
        }
    }

    func waitForHealth() throws {
        try reporting {
            try wait(upTo: Self.startSeconds, for: "the engine to be healthy") {
                if let ending = process?.ending { throw Trouble("the engine \(ending)") }
                let health = try? HTTPExchange(port: port, target: "/health", timeout: 10).answer()
                return health?.status == 200 ? () : nil
            }
        }
    }

    /// SIGKILL. Throws when the engine had ended by itself before.
    func kill() throws {
        let ending = process?.kill()
        guard ending == .killed(signal: SIGKILL) else {
            throw Trouble("the engine \(ending?.description ?? "did not run") before it was killed" + tail)
        }
    }

    /// Has it stand still, with its connections open, until it is woken.
    func freeze() throws {
        guard isRunning else { throw Trouble("the engine did not run when it was to stand still" + tail) }
        process?.send(SIGSTOP)
    }

    func wake() { process?.send(SIGCONT) }

    /// Asks it to stop, and says how it ended.
    func stop(_ signal: Int32 = SIGTERM) throws -> ChildProcess.Ending {
        process?.send(signal)
        return try waitForEnding()
    }

    func waitForEnding() throws -> ChildProcess.Ending {
        try reporting {
            guard let process else { throw Trouble("the engine was not started") }
            return try process.waitForEnding(upTo: Self.stopSeconds)
        }
    }

    /// Runs it where it should refuse to: how it ended, and what it said this time.
    func refusal(_ further: [String] = []) throws -> (ending: ChildProcess.Ending, words: String) {
        let before = log.utf8.count
        try launch(further)
        let ending = try waitForEnding()
        return (ending, String(decoding: Array(log.utf8.dropFirst(before)), as: UTF8.self))
    }

    var isRunning: Bool { process != nil && process?.ending == nil }

    // MARK: What it said

    var log: String { String(decoding: FileManager.default.contents(atPath: logPath) ?? Data(), as: UTF8.self) }

    /// The end of what it said, for messages.
    var tail: String {
        "\n--- the engine's last words:\n" + log.split(separator: "\n").suffix(12).joined(separator: "\n")
    }

    /// Adds the engine's last words to what is thrown.
    func reporting<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch { throw Trouble("\(error)" + tail) }
    }
}
