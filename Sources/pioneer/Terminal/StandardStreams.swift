#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Standard output and standard error, written at once.
enum StandardStreams {
    /// Writes a line. A reader that has gone away (`pioneer tail … | head`) has all it wanted: the process ends well.
    static func print(_ line: String) { write(line + "\n", to: STDOUT_FILENO) }

    static func print(lines: [String]) {
        if !lines.isEmpty { write(lines.joined(separator: "\n") + "\n", to: STDOUT_FILENO) }
    }

    /// Writes text as it is, to standard output.
    static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

    static func complain(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    /// Text without a newline, for progress that is written over.
    static func note(_ text: String) { write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        var text = text
        let fault = text.withUTF8 { bytes -> Int32 in
            var sent = 0
            while sent < bytes.count {
                #if canImport(Glibc)
                let count = Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                #else
                let count = Darwin.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                #endif
                if count < 0 {
                    if errno == EINTR { continue }
                    return errno
                }
                sent += count
            }
            return 0
        }
        guard fault != 0, descriptor == STDOUT_FILENO else { return }
        if fault != EPIPE { complain("pioneer: error: standard output cannot be written: \(String(cString: strerror(fault)))") }
        (fault == EPIPE ? ExitStatus.success : .environment).end()
    }
}
