/// What a machine's agent measures at a time.
public struct LoadSample: Sendable {
    /// Utilisation of the processors, 0...1.
    public var processor: Double
    /// Utilisation of the memory, 0...1.
    public var memory: Double
    /// Bytes a second.
    public var diskRead: Double
    public var diskWritten: Double
    public var networkReceived: Double
    public var networkTransmitted: Double
}

/// A machine's load as a function of time.
///
/// 1. The shape's pattern says how much of its work there is, from 0 to 1, by the machine's own clock.
/// 2. Processor = base + amplitude · pattern, times noise whose mean is 1, plus what a machine does each hour by itself, and
///    what a start costs.
/// 3. The noise is partly new every five minutes, partly wandering over hours (`Noise`); the shares are the machine's own.
/// 4. Memory follows the load a little and wanders slowly; a leak adds its ramp since the last start.
/// 5. Disk and network follow the pattern with factors and noise of their own.
struct MachineLoad: Sendable {
    private let key: UInt64
    private let shape: LoadShape
    private let zoneOffset: Int64
    private let faults: MachineFaults
    private let base: Double
    private let amplitude: Double
    /// Deviation of the noise, as a share of the load, and how it is made of quick and slow noise.
    private let quickNoise: Double
    private let slowNoise: Double
    /// Seconds, so that machines do not change in step.
    private let phase: Double
    private let hourlyBegin: Int64
    private let hourlyLength: Int64
    private let hourlyHeight: Double
    /// Of the night's work, or of bursts: where it begins, and how long it is.
    private let workBegin: Double
    private let workLength: Double
    private let burstChance: Double
    private let memoryBase: Double
    private let memoryNoise: Double
    private let memoryOfLoad: Double
    /// Bytes a second at full load.
    private let diskRate: Double
    private let readShare: Double
    private let networkRate: Double
    private let receiveShare: Double

    init(key: UInt64, machine: Machine, zoneOffset: Int64, faults: MachineFaults) {
        self.key = key
        self.zoneOffset = zoneOffset
        self.faults = faults
        shape = machine.shape
        func u(_ channel: Int64) -> Double { Noise.unit(key, channel) }
        func between(_ a: Double, _ b: Double, _ channel: Int64) -> Double { a + (b - a) * u(channel) }
        (base, amplitude) = Self.level(machine.shape, u(1), u(2))
        let noise =
            switch machine.shape {
            case .noisy: between(0.2, 0.5, 3)
            case .saturated: between(0.01, 0.05, 3)
            default: between(0.06, 0.35, 3)
            }
        // Half of the machines have mostly quick noise, the other half mostly slow noise: real ones are of both kinds.
        let quickShare = u(4) < 0.5 ? between(0.6, 0.97, 5) : between(0.02, 0.25, 5)
        quickNoise = noise * quickShare.squareRoot()
        slowNoise = noise * (1 - quickShare).squareRoot()
        phase = between(0, 1_000_000, 6)
        hourlyBegin = Int64(between(0, 3_600, 7))
        hourlyLength = Int64(between(240, 700, 8))
        hourlyHeight = machine.shape == .saturated ? 0 : u(9) < 0.6 ? between(0.01, 0.06, 10) : 0
        workBegin = between(0, 4 * 3_600, 11)
        workLength = machine.shape == .bursty ? between(1_800, 10_800, 12) : between(3_600, 5 * 3_600, 12)
        burstChance = between(0.04, 0.25, 13)
        memoryBase = machine.shape == .idle ? between(0.06, 0.35, 14) : between(0.12, 0.62, 14)
        memoryNoise = 0.001 + 0.014 * u(15) * u(15)
        memoryOfLoad = between(0, 0.12, 16)
        diskRate = Double(machine.price.vcpus) * 4_000_000 * (0.1 + 4 * u(17) * u(17))
        readShare = between(0.1, 0.7, 18)
        networkRate = Double(machine.price.vcpus) * 3_000_000 * (0.1 + 4 * u(19) * u(19))
        receiveShare = between(0.15, 0.7, 20)
    }

    /// What is always there, and what the pattern adds at most.
    private static func level(_ shape: LoadShape, _ u: Double, _ v: Double) -> (base: Double, amplitude: Double) {
        switch shape {
        case .idle: (0.012 + 0.065 * u * u, 0)
        case .office, .leaking: (0.03 + 0.1 * u, 0.08 + 0.42 * v)
        case .batch: (0.015 + 0.05 * u, 0.25 + 0.55 * v)
        case .weekend: (0.03 + 0.08 * u, 0.15 + 0.5 * v)
        case .bursty: (0.02 + 0.08 * u, 0.27 + 0.58 * v)
        case .saturated: (0.9 + 0.09 * u, 0)
        case .noisy: (0.14 + 0.42 * u, 0)
        }
    }

    @inline(__always)
    func sample(_ seconds: Int64) -> LoadSample {
        let time = Double(seconds) + phase
        let work = pattern(seconds)
        let wander = Noise.wander(key ^ 0x10, time), quick = Noise.quick(key ^ 0x20, time)
        let noise = max(0, 1 + quickNoise * quick + slowNoise * wander)
        var processor = (base + amplitude * work) * noise
        let inHour = seconds - hourlyBegin - floorDivided(seconds - hourlyBegin, by: 3_600) * 3_600
        if inHour < hourlyLength {
            processor += hourlyHeight * (0.5 + Noise.unit(key ^ 0x30, floorDivided(seconds - hourlyBegin, by: 3_600)))
        }
        let drift = 0.9 * Noise.wander(key ^ 0x40, time) + 0.3 * Noise.quick(key ^ 0x50, time)
        var memory = memoryBase + memoryOfLoad * work + memoryNoise * drift
        if let (age, _) = faults.uptime(seconds) {
            let age = Double(age)
            // For some minutes after a start everything is loaded anew; the memory fills over hours.
            if age < 1_500 { processor += 0.5 * (1 - age / 1_500) }
            memory *= 0.55 + 0.45 * age / (age + 5_400)
            if shape == .leaking { memory += (0.97 - memory) * age / Double(faults.restartPeriod) }
        }
        let busy = base + amplitude * work
        let disk = diskRate * (0.004 + busy * (1 + 0.7 * Noise.quick(key ^ 0x60, time) * 0.5))
        let network = networkRate * (0.002 + busy * (1 + 0.8 * Noise.quick(key ^ 0x70, time) * 0.5))
        return LoadSample(
            processor: min(1, max(0.001, processor)), memory: min(0.99, max(0.01, memory)), diskRead: disk * readShare,
            diskWritten: disk * (1 - readShare), networkReceived: network * receiveShare, networkTransmitted: network * (1 - receiveShare))
    }

    /// How much of its work there is, 0...1.
    @inline(__always)
    private func pattern(_ seconds: Int64) -> Double {
        switch shape {
        case .idle, .saturated, .noisy: return 0
        case .bursty: return burst(seconds)
        case .office, .leaking, .batch, .weekend: break
        }
        let local = seconds + zoneOffset
        let day = floorDivided(local, by: 86_400)
        let second = Double(local - day * 86_400), hour = second / 3_600
        // The first day of 1970 was a Thursday.
        let weekday = ((day + 4) % 7 + 7) % 7
        let isWeekend = weekday == 0 || weekday == 6
        switch shape {
        case .batch:
            let length = workLength * (0.7 + 0.6 * Noise.unit(key ^ 0x80, day))
            let end = workBegin + length
            return eased(second, from: workBegin, to: workBegin + 300) - eased(second, from: end, to: end + 600)
        case .weekend:
            let evening = eased(hour, from: 10, to: 20) - eased(hour, from: 22, to: 24)
            return evening * (isWeekend ? 1 : 0.18)
        default:
            let lunch = 0.15 * (eased(hour, from: 11.5, to: 12.5) - eased(hour, from: 12.5, to: 13.5))
            let office = eased(hour, from: 6.5, to: 10) - eased(hour, from: 16, to: 20) - lunch
            return office * (isWeekend ? 0.12 : 0.85 + 0.15 * Noise.unit(key ^ 0x90, day))
        }
    }

    /// Time is cut into stretches; some have a burst, somewhere and of some length.
    @inline(__always)
    private func burst(_ seconds: Int64) -> Double {
        let time = Double(seconds) + phase
        let stretch = (time / workLength).rounded(.down)
        let number = Int64(stretch)
        guard Noise.unit(key ^ 0xA0, number) < burstChance else { return 0 }
        let place = time - stretch * workLength
        let begin = 0.6 * workLength * Noise.unit(key ^ 0xB0, number)
        let length = workLength * (0.08 + 0.3 * Noise.unit(key ^ 0xC0, number))
        let form = eased(place, from: begin, to: begin + 120) - eased(place, from: begin + length, to: begin + length + 60)
        return (0.4 + 0.6 * Noise.unit(key ^ 0xD0, number)) * form
    }
}
