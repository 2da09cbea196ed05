/// One process at one moment, from `/proc/PID/stat` (proc_pid_stat(5)).
struct ProcessFigures: Hashable {
    /// The same process in two readings: process numbers are used again.
    struct Identity: Hashable {
        var number: Int
        var startTicks: UInt64
    }

    var identity: Identity
    var name: String
    /// Processor time used so far, in clock ticks.
    var ticks: UInt64
    var residentPages: UInt64

    /// The kernel's own threads share this name: theirs (`kworker/3:1-events`) change by the second.
    static let kernelName = "kernel"

    init?(parsing text: String) {
        // The name stands in parentheses and may hold anything, parentheses and spaces too.
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let number = Int(text[..<open].fields.first ?? "")
        else { return nil }
        let fields = text[text.index(after: close)...].fields
        guard fields.count >= 22, let flags = UInt64(fields[6]), let user = UInt64(fields[11]), let system = UInt64(fields[12]),
            let start = UInt64(fields[19])
        else { return nil }
        let isKernelThread = flags & 0x0020_0000 != 0
        identity = Identity(number: number, startTicks: start)
        name = isKernelThread ? Self.kernelName : String(text[text.index(after: open)..<close])
        ticks = user &+ system
        residentPages = UInt64(fields[21]) ?? 0
    }

    /// Processes of one name together: what a person asks for is "the browser", not its fortieth process, and a name
    /// stays the same over restarts, which a series needs.
    struct Group: Hashable {
        var name: String
        var ticks: UInt64
        var residentPages: UInt64
    }

    /// The groups that used most processor time between two readings, at most `count`; of equals the larger in memory.
    /// A process that was not there before used all its time in between. One that ended takes its last share with it.
    static func busiest(_ count: Int, from earlier: [ProcessFigures], to later: [ProcessFigures]) -> [Group] {
        let before = Dictionary(earlier.map { ($0.identity, $0.ticks) }, uniquingKeysWith: { first, _ in first })
        var groups: [String: Group] = [:]
        for process in later {
            let used = growth(from: before[process.identity] ?? 0, to: process.ticks) ?? 0
            var group = groups[process.name] ?? Group(name: process.name, ticks: 0, residentPages: 0)
            group.ticks &+= used
            group.residentPages &+= process.residentPages
            groups[process.name] = group
        }
        let ranked = groups.values.sorted {
            ($0.ticks, $0.residentPages, $1.name) > ($1.ticks, $1.residentPages, $0.name)
        }
        return Array(ranked.prefix(count))
    }
}
