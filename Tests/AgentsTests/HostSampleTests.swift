import Base
import Testing

@testable import Agents

private let units = KernelUnits(ticksPerSecond: 100, pageBytes: 4_096)
private let time = EventTime(seconds: 1_767_571_200)

private func sample(_ earlier: HostSnapshot?, _ later: HostSnapshot) -> [String: Double] {
    let all = HostSample(earlier: earlier, later: later, units: units, host: "web-1", observedAt: time).measurements(busiestProcesses: 2)
    return Dictionary(all.map { ("\($0.resource) \($0.metric)", $0.value) }, uniquingKeysWith: { first, _ in first })
}

private func snapshot(seconds: UInt64, busy: UInt64, idle: UInt64) -> HostSnapshot {
    var snapshot = HostSnapshot(takenAt: seconds * 1_000_000_000)
    snapshot.processors = [0: .init(busy: busy / 2, total: (busy + idle) / 2), 1: .init(busy: busy / 2, total: (busy + idle) / 2)]
    return snapshot
}

@Test func `the first sample has levels and no rates`() {
    var first = snapshot(seconds: 10, busy: 100, idle: 100)
    first.memory = MemoryFigures(total: 1_000, used: 250)
    first.disks = ["sda": DiskCounters(readBytes: 1, writtenBytes: 2, reads: 3, writes: 4)]
    let values = sample(nil, first)
    #expect(values["host:web-1 system.memory.utilization"] == 0.25)
    #expect(values["host:web-1 system.memory.usage"] == 250)
    #expect(values["host:web-1 system.cpu.logical.count"] == 2)
    #expect(values.keys.allSatisfy { !$0.contains("cpu.utilization") && !$0.contains("disk") })
}

@Test func `counters become what was added, utilizations what was used between the snapshots`() {
    var earlier = snapshot(seconds: 10, busy: 100, idle: 100), later = snapshot(seconds: 12, busy: 200, idle: 400)
    earlier.disks = ["sda": DiskCounters(readBytes: 100, writtenBytes: 200, reads: 3, writes: 4)]
    later.disks = ["sda": DiskCounters(readBytes: 150, writtenBytes: 200, reads: 5, writes: 4)]
    earlier.networks = ["eth0": NetworkCounters(receivedBytes: 10, sentBytes: 1_000)]
    later.networks = ["eth0": NetworkCounters(receivedBytes: 30, sentBytes: 40)]
    later.filesystems = ["/": FilesystemUsage(used: 1, available: 3)]
    earlier.processes = [ProcessFigures(parsing: process(3, "java", ticks: 100, pages: 10))!]
    later.processes = [ProcessFigures(parsing: process(3, "java", ticks: 200, pages: 10))!]
    let values = sample(earlier, later)
    #expect(values["host:web-1 system.cpu.utilization"] == 0.25)
    #expect(values["host:web-1/disk:sda system.disk.io.read"] == 50)
    #expect(values["host:web-1/disk:sda system.disk.io.write"] == 0)
    #expect(values["host:web-1/disk:sda system.disk.operations.read"] == 2)
    #expect(values["host:web-1/network:eth0 system.network.io.receive"] == 20)
    #expect(values["host:web-1/network:eth0 system.network.io.transmit"] == nil, "the counter was reset")
    #expect(values["host:web-1/filesystem:/ system.filesystem.utilization"] == 0.25)
    // 100 ticks are one second, of two that two processors had.
    #expect(values["host:web-1/process:java process.cpu.utilization"] == 0.25)
    #expect(values["host:web-1/process:java process.memory.usage"] == 40_960)
}

@Test func `in a container utilization is of what the container may use`() {
    var earlier = snapshot(seconds: 10, busy: 100, idle: 100), later = snapshot(seconds: 12, busy: 100, idle: 500)
    later.memory = MemoryFigures(total: 1_000_000, used: 10)
    let memory = MemoryFigures(total: 1_000, used: 500)
    earlier.group = ControlGroup(processors: 0.5, processorMicroseconds: 1_000_000, memory: memory)
    later.group = ControlGroup(processors: 0.5, processorMicroseconds: 1_500_000, memory: memory)
    let values = sample(earlier, later)
    #expect(values["host:web-1 system.cpu.utilization"] == 0.5)
    #expect(values["host:web-1 system.cpu.logical.count"] == 0.5)
    #expect(values["host:web-1 system.memory.utilization"] == 0.5)
    #expect(values["host:web-1 system.memory.limit"] == 1_000)
}

@Test func `a machine that offers nothing gives no measurements`() {
    let nothing = HostReader(proc: "/nonexistent", sys: "/nonexistent").snapshot()
    let sample = HostSample(earlier: nothing, later: nothing, units: units, host: "h", observedAt: time)
    #expect(sample.measurements(busiestProcesses: 5) == [])
}

@Test func `a measurement is a line of JSON with its time`() {
    let measurement = Measurement("system.cpu.utilization", 0.25, unit: "1", of: "host:a\"b", at: time)
    #expect(
        measurement.jsonLine == #"{"resource_id":"host:a\"b","observed_at":"2026-01-05T00:00:00Z","metric":"system.cpu.utilization","#
            + #""value":0.25,"unit":"1"}"# + "\n")
}

#if os(Linux)
@Test func `this machine offers processor, memory, filesystems and processes`() {
    let reader = HostReader()
    let earlier = reader.snapshot(), later = reader.snapshot()
    let metrics = Set(
        HostSample(earlier: earlier, later: later, units: HostReader.units, host: "h", observedAt: time)
            .measurements(busiestProcesses: 3).map(\.metric))
    #expect(metrics.isSuperset(of: ["system.cpu.logical.count", "system.memory.utilization", "process.memory.usage"]))
}
#endif
