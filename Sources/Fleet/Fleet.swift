/// A fleet of machines that do not exist, whose load looks like that of machines that do: for demos, tests and load.
///
/// The same seed makes the same fleet, and what a machine does at a time depends on nothing else: any span of it, in any
/// pieces, on any thread, is the same.
public struct Fleet: Sendable {
    public static let machinesMax = 10_000_000

    public let seed: UInt64
    /// The shapes its machines have.
    public let shapes: [LoadShape]
    public let machines: [Machine]
    let loads: [MachineLoad]
    let faults: [MachineFaults]

    /// - Parameters:
    ///   - machineCount: 1...`machinesMax`.
    ///   - shapes: of the machines' load; at least one.
    /// - Complexity: O(machines); about a kilobyte of memory a machine.
    public init(seed: UInt64, machineCount: Int, shapes: [LoadShape] = LoadShape.allCases) {
        precondition((1...Self.machinesMax).contains(machineCount), "a fleet has 1 to \(Self.machinesMax) machines")
        precondition(!shapes.isEmpty, "a fleet's machines have a shape of load")
        self.seed = seed
        self.shapes = LoadShape.allCases.filter(shapes.contains)
        let fleetKey = Noise.mix(seed)
        var machines: [Machine] = [], loads: [MachineLoad] = [], faults: [MachineFaults] = []
        machines.reserveCapacity(machineCount)
        loads.reserveCapacity(machineCount)
        faults.reserveCapacity(machineCount)
        var numbers: [String: Int] = [:]
        for index in 0..<machineCount {
            let key = Noise.key(fleetKey, UInt64(index) &+ 1)
            let machine = Machine.made(key: key, shapes: self.shapes, numbers: &numbers)
            let offset = Region.byName[machine.price.region]?.offsetSeconds ?? 0
            machines.append(machine)
            let fault = MachineFaults(
                key: Noise.key(key, 100), shape: machine.shape, clock: ClockFault.of(index, fleetKey: fleetKey, machineCount: machineCount))
            loads.append(MachineLoad(key: Noise.key(key, 200), machine: machine, zoneOffset: offset, faults: fault))
            faults.append(fault)
        }
        self.machines = machines
        self.loads = loads
        self.faults = faults
    }
}
