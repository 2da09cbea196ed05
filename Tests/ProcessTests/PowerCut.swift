import Base
import Foundation

/// What a power cut does to the files of an engine that was killed: takes away what was not synced.
///
/// Fault model. The engine runs with a recorder of its file operations (`RecorderSource.swift`) that notes, for every file
/// below the data directory, what `fsync` and `fdatasync` have made durable. At a strike:
/// - A file of the store (write-ahead log, tables, blobs, manifest: all are only appended to) is cut back to the length
///   it had when its last sync began, or, as often, to some length between that and the one it has.
/// - A file made, renamed or removed in the store's directory without a sync of that directory afterwards is not made, not
///   renamed or not removed, latest first. What a rename replaced or a removal took is back with its durable content.
/// - What was there when the process started is durable: an earlier strike, or a clean stop, has left it.
/// - Of the views only `-wal` is cut, and `-shm` is gone: SQLite's log may end anywhere, while the database itself is
///   written in place, and synced before the log is used again. (`Tests/SQLiteViewsTests` tears pages.)
///
/// Not modelled: blocks that reach the disk out of order within a file, the making of directories, and mapped memory, of
/// which only SQLite's `-shm` is.
final class PowerCut {
    private let library: String
    private let directory: TemporaryDirectory
    private var data = ""
    /// Lengths by inode when the process started.
    private var atStart: [UInt64: Int] = [:]
    /// What was taken away so far: bytes of the store and of the views, and operations on the store's directory.
    private(set) var storeBytesLost = 0
    private(set) var viewBytesLost = 0
    private(set) var operationsUndone = 0

    var summary: String {
        "power cuts took \(storeBytesLost) bytes of the store, \(viewBytesLost) of the views, and \(operationsUndone) operations"
    }

    init() throws {
        directory = try TemporaryDirectory()
        library = try Recorder.build(in: directory)
    }

    private var journal: String { directory.path + "/journal" }
    private var kept: String { directory.path + "/kept" }
    private var store: String { data + "/store" }

    /// The environment that has an engine on that data directory recorded.
    func watch(_ data: String, ignoringSyncs: Bool = false) throws -> [String: String] {
        self.data = data
        return [
            "LD_PRELOAD": library, "PIONEER_DISK_ROOT": data, "PIONEER_DISK_JOURNAL": journal, "PIONEER_DISK_KEPT": kept,
            "PIONEER_DISK_IGNORES_SYNCS": ignoringSyncs ? "1" : "",
        ]
    }

    /// Call before the engine is started: what is there now is durable.
    func begin() throws {
        let files = FileManager.default
        for path in [journal, kept] where files.fileExists(atPath: path) { try files.removeItem(atPath: path) }
        try files.createDirectory(atPath: kept, withIntermediateDirectories: true)
        atStart = [:]
        for path in watchedFiles { if let file = status(path) { atStart[UInt64(file.st_ino)] = Int(file.st_size) } }
    }

    /// Call after the engine was killed and before it is started again.
    func strike(_ random: inout SeededRandom) throws {
        let text = String(decoding: FileManager.default.contents(atPath: journal) ?? Data(), as: UTF8.self)
        let notes = text.split(separator: "\n").compactMap { DiskNote($0) }
        if let bypass = notes.first(where: { $0.kind == "X" }) {
            throw Trouble("not modelled: '\(bypass.path)' is opened for synchronous writes")
        }
        undo(notes)
        let durable = durableLengths(notes)
        for path in watchedFiles {
            guard let file = status(path) else { continue }
            let length = Int(file.st_size), synced = durable[UInt64(file.st_ino)] ?? 0
            guard length > synced else { continue }
            let cut = random.below(2) == 0 ? synced : synced + random.below(length - synced)
            guard truncate(path, off_t(cut)) == 0 else { throw Trouble("cannot cut '\(path)'") }
            if path.hasPrefix(store) { storeBytesLost += length - cut } else { viewBytesLost += length - cut }
        }
        unlink(data + "/views/views.sqlite-shm")
    }

    private func durableLengths(_ notes: [DiskNote]) -> [UInt64: Int] {
        var lengths = atStart
        for note in notes {
            switch note.kind {
            case "S": lengths[note.inode] = max(lengths[note.inode] ?? 0, note.length)
            case "T": lengths[note.inode] = 0
            default: break
            }
        }
        return lengths
    }

    /// Takes back what was done to the store's directory since it was last synced.
    private func undo(_ notes: [DiskNote]) {
        let synced = notes.filter { $0.kind == "D" && $0.path == store }.map(\.sequence).max() ?? 0
        let open = notes.filter { "CRU".contains($0.kind) && $0.sequence > synced && $0.path.hasPrefix(store + "/") }
        for note in open.sorted(by: { $0.sequence > $1.sequence }) {
            switch note.kind {
            case "C": unlink(note.path)
            case "R":
                guard let file = status(note.path), UInt64(file.st_ino) == note.inode else { continue }
                rename(note.path, note.other)
                link(note.kept, note.path)
            default: link(note.kept, note.path)
            }
            operationsUndone += 1
        }
    }

    // MARK: Files

    private var watchedFiles: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: store)) ?? []
        return names.map { "\(store)/\($0)" } + [data + "/views/views.sqlite-wal"]
    }

    private func status(_ path: String) -> stat? {
        var file = stat()
        return lstat(path, &file) == 0 && file.st_mode & S_IFMT == S_IFREG ? file : nil
    }
}

/// One line of the recorder's journal; `RecorderSource.swift` has its form.
private struct DiskNote {
    var kind: Character
    var sequence: Int
    var inode: UInt64 = 0
    var length = 0
    var path = ""
    /// A rename's old name.
    var other = ""
    /// A link to what a rename replaced or a removal took.
    var kept = ""

    init?(_ line: Substring) {
        let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard parts.count == 7, let kind = parts[0].first, let sequence = Int(parts[1]), let inode = UInt64(parts[2]),
            let length = Int(parts[3])
        else { return nil }
        self.kind = kind
        self.sequence = sequence
        self.inode = inode
        self.length = length
        path = String(parts[4])
        other = String(parts[5])
        kept = String(parts[6])
    }
}
