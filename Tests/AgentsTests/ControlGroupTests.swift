import Testing

@testable import Agents

private func group(_ membership: String, _ files: [String: String]) -> ControlGroup {
    ControlGroup(membership: membership) { files[$0] }
}

@Test func `a container's own limits are found on top of version 2`() {
    let found = group(
        "0::/\n",
        [
            "/cpu.max": "150000 100000\n", "/cpu.stat": "usage_usec 5000000\nuser_usec 4000000\n", "/memory.max": "1000\n",
            "/memory.current": "700\n", "/memory.stat": "anon 300\ninactive_file 200\n",
        ])
    #expect(found == ControlGroup(processors: 1.5, processorMicroseconds: 5_000_000, memory: MemoryFigures(total: 1_000, used: 500)))
}

@Test func `a group without limits limits nothing`() {
    #expect(group("0::/init.scope\n", [:]) == ControlGroup())
    #expect(group("0::/\n", ["/cpu.max": "max 100000\n", "/cpu.stat": "usage_usec 5\n", "/memory.max": "max\n"]) == ControlGroup())
    #expect(group("", ["/cpu.max": "100000 100000\n", "/cpu.stat": "usage_usec 5\n"]) == ControlGroup())
}

@Test func `the tightest limit on the way up counts, with the use of the group that has it`() {
    let found = group(
        "0::/pods/a\n",
        [
            "/pods/a/cpu.max": "400000 100000\n", "/pods/a/cpu.stat": "usage_usec 1\n", "/pods/cpu.max": "200000 100000\n",
            "/pods/cpu.stat": "usage_usec 2\n",
        ])
    #expect(found == ControlGroup(processors: 2, processorMicroseconds: 2))
}

@Test func `version 1 has its files in a folder a controller, and the host's path may not be there`() {
    let found = group(
        "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/docker/abc\n",
        [
            "/cpu/cpu.cfs_quota_us": "50000\n", "/cpu/cpu.cfs_period_us": "100000\n", "/cpuacct/cpuacct.usage": "9000000\n",
            "/memory/memory.limit_in_bytes": "2000\n", "/memory/memory.usage_in_bytes": "900\n",
            "/memory/memory.stat": "cache 5\ntotal_inactive_file 100\n", "/cpu.max": "100 100000",
        ])
    #expect(found == ControlGroup(processors: 0.5, processorMicroseconds: 9_000, memory: MemoryFigures(total: 2_000, used: 800)))
}

@Test func `version 1 says no limit with minus one and a huge number`() {
    let found = group(
        "4:memory:/\n3:cpu:/\n2:cpuacct:/\n",
        [
            "/cpu/cpu.cfs_quota_us": "-1\n", "/cpu/cpu.cfs_period_us": "100000\n", "/cpuacct/cpuacct.usage": "9\n",
            "/memory/memory.limit_in_bytes": "9223372036854771712\n", "/memory/memory.usage_in_bytes": "900\n",
        ])
    #expect(found == ControlGroup())
}
