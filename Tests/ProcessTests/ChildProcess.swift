import Foundation
import Synchronization

/// A process that a test has started. It never outlives the object: what a failed test leaves behind is killed.
///
/// Started with `posix_spawn` in the process group of the tests, so that Ctrl-C ends it with them; it inherits no
/// ignored signals and no blocked ones.
final class ChildProcess {
    enum Ending: Hashable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        var description: String {
            switch self {
            case .exited(let status): "exited with status \(status)"
            case .killed(let signal): "was ended by signal \(signal)"
            }
        }
    }

    let id: pid_t
    private var known: Ending?

    /// - Parameter output: the file that standard output and standard error are appended to.
    init(_ arguments: [String], environment: [String: String] = [:], output: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { strdup("\($0)=\($1)") }
        let words = arguments.map { strdup($0) }
        defer { for text in variables + words { free(text) } }
        var started: pid_t = 0
        let failure = posix_spawn(&started, arguments[0], &actions, &attributes, words + [nil], variables + [nil])
        guard failure == 0 else { throw Trouble("cannot start '\(arguments[0])': \(String(cString: strerror(failure)))") }
        id = started
        Self.living.withLock { _ = $0.insert(started) }
        _ = Self.endsWithTests
    }

    deinit { kill() }

    // MARK: How it ended

    /// Nil while it runs.
    var ending: Ending? { look(options: WNOHANG) }

    /// Waits for the end. Throws when it still runs then.
    func waitForEnding(upTo seconds: Double) throws -> Ending {
        try wait(upTo: seconds, for: "process \(id) to end") { ending }
    }

    private func look(options: Int32) -> Ending? {
        if let known { return known }
        var status: Int32 = 0
        guard waitpid(id, &status, options) == id else { return nil }
        Self.living.withLock { _ = $0.remove(id) }
        let signal = status & 0x7F
        known = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: signal)
        return known
    }

    func send(_ signal: Int32) {
        if known == nil { _ = Foundation.kill(id, signal) }
    }

    /// Ends it at once and for good, and says how it had ended: by this, or by itself before.
    @discardableResult
    func kill() -> Ending? {
        send(SIGKILL)
        return look(options: 0)
    }

    // MARK: Leftovers

    private static let living = Mutex<Set<pid_t>>([])

    /// When the tests end in the middle of something, no `deinit` runs.
    private static let endsWithTests: Void = {
        atexit { ChildProcess.living.withLock { for id in $0 { _ = Foundation.kill(id, SIGKILL) } } }
    }()
}
