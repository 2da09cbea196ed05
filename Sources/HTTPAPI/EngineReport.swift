public import Base
public import Runtime

/// How an engine is in detail, as `GET /api/v1/status` tells it.
public struct EngineReport: Sendable {
    public var phase: EngineHealth.Status
    /// The program's version.
    public var version: String
    public var uptime: TimeSpan
    public var status: EngineStatus
    public var process: ProcessFigures

    public init(phase: EngineHealth.Status, version: String, uptime: TimeSpan, status: EngineStatus, process: ProcessFigures) {
        self.phase = phase
        self.version = version
        self.uptime = uptime
        self.status = status
        self.process = process
    }
}

/// What the engine's process takes of its machine.
public struct ProcessFigures: Hashable, Sendable {
    /// Bytes of memory that are in RAM.
    public var residentBytes: Int
    /// Processor time used since the process started, of all threads, user and system.
    public var cpuSeconds: Double
    /// What the files of the data directory take on the disk, in bytes.
    public var diskBytes: Int

    public init(residentBytes: Int, cpuSeconds: Double, diskBytes: Int) {
        self.residentBytes = residentBytes
        self.cpuSeconds = cpuSeconds
        self.diskBytes = diskBytes
    }
}
