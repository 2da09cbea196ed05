import Base
import Foundation
import RocksStore

extension DataDirectory {
    /// The store's error with what a person needs to act on it: which process runs on the directory, and where it answers.
    static func named(_ error: EngineError, directory: String) -> EngineError {
        guard error.code == .storeLocked else { return error }
        let process = lockHolder(of: directory + "/store/LOCK")
        let address = (try? EngineAddressFile.read(in: directory)).flatMap { $0 }
        let details = [process.map { "process \($0)" }, address.map { "at \($0)" }].compactMap { $0 }.joined(separator: ", ")
        return EngineError(
            .storeLocked, .environment,
            "another engine\(details.isEmpty ? "" : " (\(details))") runs on the data directory '\(directory)'",
            remedy: "Ask it as it runs, with 'pioneer query' and the like, or stop it with 'kill \(process.map(String.init) ?? "PID")', "
                + "which commits everything; or give this one a directory of its own with --data.")
    }

    /// The process that holds a lock on the file, as the kernel lists it. The file is not opened: closing it again would
    /// give up a lock of this very process. Nil where the list is not there or does not tell.
    private static func lockHolder(of path: String) -> Int? {
        var information = stat()
        guard stat(path, &information) == 0, let list = try? String(contentsOfFile: "/proc/locks", encoding: .utf8) else { return nil }
        // 1: POSIX  ADVISORY  WRITE 1234 08:01:123456 0 EOF
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 5, words[5].split(separator: ":").last == "\(information.st_ino)" else { continue }
            return Int(words[4]).flatMap { $0 > 0 ? $0 : nil }
        }
        return nil
    }
}
