/// What a block device has done since the start, from `/proc/diskstats` (kernel: Documentation/admin-guide/iostats.rst).
struct DiskCounters: Hashable {
    var readBytes: UInt64
    var writtenBytes: UInt64
    var reads: UInt64
    var writes: UInt64

    /// The kernel counts sectors of 512 bytes, whatever the device's own are.
    static let sectorBytes: UInt64 = 512

    /// Devices by name: whole disks only, or each byte would count again for its partition, and none that never did
    /// anything (unused loop and ram devices). `wholeDisks` are the entries of `/sys/block`; nil when that cannot be
    /// read, and then names that end like a partition's are left out.
    static func parse(_ text: String, wholeDisks: Set<String>?) -> [String: DiskCounters] {
        var all: [String: DiskCounters] = [:]
        for line in text.lines {
            let fields = line.fields
            guard fields.count >= 14, let reads = UInt64(fields[3]), let readSectors = UInt64(fields[5]),
                let writes = UInt64(fields[7]), let writtenSectors = UInt64(fields[9])
            else { continue }
            let name = String(fields[2])
            guard wholeDisks?.contains(name) ?? !looksLikePartition(name), reads + writes > 0 else { continue }
            all[name] = DiskCounters(
                readBytes: readSectors &* sectorBytes, writtenBytes: writtenSectors &* sectorBytes, reads: reads, writes: writes)
        }
        return all
    }

    /// `sda1`, `nvme0n1p2`, `mmcblk0p1`; but not `sda`, `nvme0n1`, `mmcblk0`, `md0`, `dm-0`.
    static func looksLikePartition(_ name: String) -> Bool {
        guard name.last?.isNumber == true else { return false }
        let stem = name.reversed().drop { $0.isNumber }
        if name.hasPrefix("nvme") || name.hasPrefix("mmcblk") { return stem.first == "p" }
        return ["sd", "hd", "vd", "xvd"].contains { name.hasPrefix($0) }
    }
}

/// What passed a network interface since the start, from `/proc/net/dev`.
struct NetworkCounters: Hashable {
    var receivedBytes: UInt64
    var sentBytes: UInt64

    /// Interfaces by name, without the loopback, which leads nowhere, and those nothing ever passed.
    static func parse(_ text: String) -> [String: NetworkCounters] {
        var all: [String: NetworkCounters] = [:]
        for line in text.lines {
            // The name may touch the first number: `eth0:1234`.
            guard let colon = line.lastIndex(of: ":") else { continue }
            let name = String(line[..<colon]).fields.joined()
            let fields = line[line.index(after: colon)...].fields
            guard name != "lo", fields.count >= 16, let received = UInt64(fields[0]), let sent = UInt64(fields[8]),
                received + sent > 0
            else { continue }
            all[name] = NetworkCounters(receivedBytes: received, sentBytes: sent)
        }
        return all
    }
}
