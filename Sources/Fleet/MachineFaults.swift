/// What is wrong with a machine's clock.
enum ClockFault: Equatable, Sendable {
    case none
    /// Behind by so many seconds, for a tenth of the time.
    case behind(Int64)
    /// Ten years ahead, for a twentieth of the time: whatever is compared with the present sees it, and a history that is
    /// played later is not led astray by it, as it would be by a clock that is ahead by days.
    case farAhead

    /// One machine in fifty is behind, and one of the fleet is ahead; none of fewer than twenty machines, of whose events
    /// it would be more than one in a hundred.
    static func of(_ index: Int, fleetKey: UInt64, machineCount: Int) -> ClockFault {
        guard machineCount >= machinesMin else { return .none }
        let key = Noise.key(fleetKey, 0xC10C)
        let ahead = Int(Noise.unit(key, -1) * Double(machinesMin))
        if index == ahead { return .farAhead }
        let block = index / blockMachines
        let chosen = block * blockMachines + Int(Noise.unit(key, Int64(block)) * Double(blockMachines))
        return index == chosen ? .behind(60 * Int64(2 + Noise.unit(key, Int64(~block)) * 38)) : .none
    }

    private static let machinesMin = 20
    private static let blockMachines = 50
}

/// When a machine is silent, is started anew, and has a wrong clock.
struct MachineFaults: Sendable {
    let key: UInt64
    /// Seconds from one start to the next; 0: it just runs.
    let restartPeriod: Int64
    private let restartPhase: Int64
    /// How likely a day has a gap.
    private let gapChance: Double
    let clock: ClockFault

    private static let day: Int64 = 86_400

    init(key: UInt64, shape: LoadShape, clock: ClockFault) {
        self.key = key
        self.clock = clock
        let u = Noise.unit(key, 1)
        // One machine in eight is started anew every few days, by deployments or by falling over.
        if shape == .leaking {
            restartPeriod = Int64((2 + 5 * u) * Double(Self.day))
        } else {
            restartPeriod = u < 0.12 ? Int64((0.7 + 40 * u) * Double(Self.day)) : 0
        }
        restartPhase = restartPeriod == 0 ? 0 : Int64(Noise.unit(key, 2) * Double(restartPeriod))
        gapChance = Noise.unit(key, 3) < 0.06 ? 0.35 : 0.01
    }

    /// Seconds since the last start, and its number; nil for a machine that just runs.
    @inline(__always)
    func uptime(_ seconds: Int64) -> (age: Int64, cycle: Int64)? {
        guard restartPeriod > 0 else { return nil }
        let cycle = floorDivided(seconds - restartPhase, by: restartPeriod)
        return (seconds - restartPhase - cycle * restartPeriod, cycle)
    }

    /// Whether the machine sends nothing: it starts, or nobody knows why.
    @inline(__always)
    func isSilent(_ seconds: Int64) -> Bool {
        // A start takes two to twelve minutes.
        if let (age, cycle) = uptime(seconds), age < 720, Double(age) < 120 + 600 * Noise.unit(key ^ 0x5, cycle) { return true }
        let day = floorDivided(seconds, by: Self.day)
        guard Noise.unit(key ^ 0x6, day) < gapChance else { return false }
        let begin = Noise.unit(key ^ 0x7, day) * 75_000, length = 600 + 10_200 * Noise.unit(key ^ 0x8, day)
        let second = Double(seconds - day * Self.day)
        return second >= begin && second < begin + length
    }

    /// What is to be added to the time that the machine says.
    @inline(__always)
    func clockOffset(_ seconds: Int64) -> Int64 {
        switch clock {
        case .none: return 0
        case .behind(let offset): return isWrong(seconds, share: 0.1) ? -offset : 0
        case .farAhead: return isWrong(seconds, share: 0.05) ? 3_650 * Self.day : 0
        }
    }

    /// Once a day, for a share of it.
    private func isWrong(_ seconds: Int64, share: Double) -> Bool {
        let day = floorDivided(seconds, by: Self.day)
        let begin = Noise.unit(key ^ 0x9, day) * (1 - share)
        let part = Double(seconds - day * Self.day) / Double(Self.day)
        return part >= begin && part < begin + share
    }
}
