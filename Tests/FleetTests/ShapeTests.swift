import Base
import Fleet
import Foundation
import Testing

private let monday: Int64 = 1_767_571_200
private let day = 288

/// Machines of one shape, and their series of four weeks, every five minutes from a Monday, 00:00 UTC.
private struct Shaped {
    let fleet: Fleet
    let processor: [[Double]]
    let memory: [[Double]]

    init(_ shape: LoadShape, machines: Int = 12) {
        let fleet = Fleet(seed: 11, machineCount: machines, shapes: [shape])
        self.fleet = fleet
        processor = fleet.machines.indices.map { fleet.series($0, from: monday, count: 28 * day) { $0.processor } }
        memory = fleet.machines.indices.map { fleet.series($0, from: monday, count: 28 * day) { $0.memory } }
    }

    /// The mean of a machine's processor where `wanted` says so of the local weekday (0 is Monday) and hour.
    func mean(_ machine: Int, where wanted: (_ weekday: Int, _ hour: Int) -> Bool) -> Double {
        let zone = TimeZone(identifier: fleet.machines[machine].timeZone)
        // In January it is the standard time in the north; the south's summer hour does not matter here.
        let offset = Int64(zone?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(monday))) ?? 0)
        var sum = 0.0, count = 0
        for (number, value) in processor[machine].enumerated() where !value.isNaN {
            let local = Int64(number) * 300 + offset + 7 * 86_400
            guard wanted(Int(local / 86_400 % 7), Int(local % 86_400 / 3_600)) else { continue }
            sum += value
            count += 1
        }
        return sum / Double(count)
    }

    func there(_ series: [Double]) -> [Double] { series.filter { !$0.isNaN } }
    func mean(_ series: [Double]) -> Double { there(series).reduce(0, +) / Double(there(series).count) }
}

struct ShapeTests {
    @Test func `an office is busy by day in its own time zone, and rests at weekends`() {
        let office = Shaped(.office)
        for machine in office.fleet.machines.indices {
            let busy = office.mean(machine) { $0 < 5 && (10..<16).contains($1) }
            let night = office.mean(machine) { $0 < 5 && $1 < 5 }
            let weekend = office.mean(machine) { $0 >= 5 && (10..<16).contains($1) }
            #expect(busy > 1.5 * night)
            #expect(busy > 1.3 * weekend)
        }
    }

    @Test func `a batch works at night`() {
        let batch = Shaped(.batch)
        for machine in batch.fleet.machines.indices {
            #expect(batch.mean(machine) { $1 < 5 } > 2 * batch.mean(machine) { (13..<21).contains($1) })
        }
    }

    @Test func `who plays at weekends is idle in the week`() {
        let weekend = Shaped(.weekend)
        for machine in weekend.fleet.machines.indices {
            let evening = weekend.mean(machine) { $0 >= 5 && (17..<22).contains($1) }
            #expect(evening > 1.7 * weekend.mean(machine) { $0 < 5 && (17..<22).contains($1) })
        }
    }

    @Test func `idle machines do next to nothing, saturated ones cannot do more`() {
        let idle = Shaped(.idle), saturated = Shaped(.saturated)
        for series in idle.processor { #expect(idle.mean(series) < 0.12) }
        for series in saturated.processor { #expect(saturated.mean(series) > 0.85) }
    }

    @Test func `bursts stand far above what is usual`() throws {
        let bursty = Shaped(.bursty)
        for series in bursty.processor {
            let sorted = bursty.there(series).sorted()
            #expect(sorted[sorted.count * 998 / 1_000] > 3 * sorted[sorted.count / 2])
        }
    }

    @Test func `a noisy machine is never still`() {
        let noisy = Shaped(.noisy)
        for series in noisy.processor {
            let changes = zip(series, series.dropFirst(12)).map { abs($0 - $1) }
            #expect(noisy.mean(changes) > 0.01)
        }
    }

    @Test func `a leak fills the memory until a start empties it`() {
        let leaking = Shaped(.leaking)
        for series in leaking.memory {
            let there = leaking.there(series)
            #expect(there.max()! > 0.85)
            #expect(zip(there, there.dropFirst()).contains { $0 - $1 > 0.2 })
            let rising = zip(there, there.dropFirst(day / 2)).filter { $0 < $1 }.count
            #expect(rising > there.count * 6 / 10)
        }
    }

    @Test func `there are silences of hours, and starts`() {
        let fleet = Fleet(seed: 1, machineCount: 200)
        var silent = 0, longest = 0
        for machine in fleet.machines.indices {
            var run = 0
            for value in fleet.series(machine, from: monday, count: 7 * day, { $0.processor }) {
                run = value.isNaN ? run + 1 : 0
                silent += value.isNaN ? 1 : 0
                longest = max(longest, run)
            }
        }
        #expect(longest > 12)
        #expect(silent > 0 && silent < 200 * 7 * day / 50)
    }

    @Test func `a fleet of all shapes has each of them, and one of some has no other`() {
        #expect(Set(Fleet(seed: 1, machineCount: 500).machines.map(\.shape)) == Set(LoadShape.allCases))
        #expect(Set(Fleet(seed: 1, machineCount: 50, shapes: [.idle, .noisy]).machines.map(\.shape)) == [.idle, .noisy])
    }
}
