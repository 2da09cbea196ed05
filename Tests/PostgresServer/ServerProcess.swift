import Foundation
import Synchronization

/// A `postgres` as a child that ends with this process, however that ends: a shell starts and kills it at this process's word,
/// and at the end of these words, which is this process's own end, kills it with all its children, unmounts what is mounted in
/// its directory and removes that.
final class ServerProcess: Sendable {
    private let shell: pid_t
    /// Words go out on it, and answers come in.
    private let line: Int32
    private let turn = Mutex(())

    private static let script = """
        dir="$1"; shift; child=
        end() {
            [ -n "$child" ] || return 0
            kill -STOP "$child" 2> /dev/null
            kill -9 $(cat "/proc/$child/task/$child/children" 2> /dev/null) "$child" 2> /dev/null
            wait "$child" 2> /dev/null
            child=
        }
        while read -r word; do
            case "$word" in
            start) setsid "$@" < /dev/null >> "$dir/log" 2>&1 & child=$! ;;
            kill) end ;;
            stop)
                kill -INT "$child"; left=100
                while [ $left -gt 0 ] && kill -0 "$child" 2> /dev/null; do sleep 0.1; left=$((left - 1)); done
                # One that recovers from a crash may never end by itself.
                end ;;
            lives) kill -0 "$child" 2> /dev/null || { echo no; continue; } ;;
            esac
            echo yes
        done
        end
        for disk in "$dir"/disk*; do umount -l "$disk"; done 2> /dev/null
        rm -rf "$dir"
        """

    /// - Parameters:
    ///   - command: runs the server in the foreground.
    ///   - directory: gets its `log`, and goes when the object does.
    init(_ command: [String], directory: String) throws {
        // Closed on exec from the start: a child that inherited it would keep the server alive.
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw PostgresTrouble("no socket: \(String(cString: strerror(errno)))") }
        line = ends[0]
        defer { close(ends[1]) }
        shell = try Self.spawn(["/bin/sh", "-c", Self.script, "postgres", directory] + command, input: ends[1])
    }

    /// In a process group of its own, which Ctrl-C does not reach, and with no signal blocked: shells wait for signals.
    private static func spawn(_ words: [String], input: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, input, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
        let arguments = words.map { strdup($0) }
        defer { for word in arguments { free(word) } }
        var started: pid_t = 0
        let failure = posix_spawn(&started, words[0], &actions, &attributes, arguments + [nil], environ)
        guard failure == 0 else { throw PostgresTrouble("cannot start '\(words[0])': \(String(cString: strerror(failure)))") }
        return started
    }

    deinit {
        close(line)
        var status: Int32 = 0
        waitpid(shell, &status, 0)
    }

    /// Has the shell do something, and returns its answer when it is done.
    private func tell(_ word: String) throws -> Bool {
        try turn.withLock { _ in
            let bytes = Array((word + "\n").utf8)
            guard send(line, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw PostgresTrouble(Self.gone) }
            var answer: [UInt8] = [], byte: UInt8 = 0
            while answer.last != UInt8(ascii: "\n") {
                guard read(line, &byte, 1) == 1 else { throw PostgresTrouble(Self.gone) }
                answer.append(byte)
            }
            return answer == Array("yes\n".utf8)
        }
    }

    private static let gone = "the shell that keeps PostgreSQL has gone"

    func start() throws { _ = try tell("start") }

    /// SIGKILL to the server and all its processes, as when a machine or a container goes.
    func kill() throws { _ = try tell("kill") }

    /// Ends connections and stops in order, or by SIGKILL after ten seconds.
    func stop() throws { _ = try tell("stop") }

    func lives() throws -> Bool { try tell("lives") }
}
