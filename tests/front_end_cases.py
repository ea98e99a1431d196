"""A machine, a problem and a mapping as people write them for Timeloop's front end."""

from __future__ import annotations

TABLES = """
ERT:
  version: 0.4
  tables:
  - name: chip.DRAM[1..1]
    actions: [{name: read, energy: 100}, {name: write, energy: 100}, {name: update, energy: 100}]
  - name: chip.GB[1..1]
    actions: [{name: read, energy: 10}, {name: write, energy: 10}, {name: update, energy: 10}]
  - name: chip.RF[1..8]
    actions: [{name: read, energy: 1}, {name: write, energy: 1}, {name: update, energy: 1}]
  - name: chip.MAC[1..8]
    actions: [{name: compute, energy: 1}]
"""
NODES = """
architecture:
  version: 0.4
  nodes:
  - !Container {name: chip, attributes: {technology: "45nm", global_cycle_seconds: 1e-9}}
  - !Component {name: DRAM, class: DRAM, attributes: {type: "LPDDR4", width: 64, datawidth: 8}}
  - !Component {name: GB, class: SRAM, attributes: {depth: 2048, width: 64, datawidth: 8}}
"""
CONTAINER = """
  - !Container {name: PE, spatial: {meshX: 8}}
  - !Component {name: RF, class: regfile, attributes: {depth: 64, width: 8, datawidth: 8}}
"""
COMPONENT = """
  - !Component {name: RF, class: regfile, spatial: {meshX: 8}, attributes: {depth: 64, width: 8, datawidth: 8}}
"""
MAC = """
  - !Component {name: MAC, class: intmac, attributes: {multiplier_width: 8, adder_width: 16}}
"""
BASE = NODES + CONTAINER + MAC + TABLES
PROBLEM = """
problem:
  version: 0.4
  shape:
    name: mm
    dimensions: [M, N, K]
    data_spaces:
    - {name: A, projection: [[[M]], [[K]]]}
    - {name: B, projection: [[[N]], [[K]]]}
    - {name: Z, projection: [[[M]], [[N]]], read_write: True}
  instance: {M: 7, N: 16, K: 16}
"""
MAPPING = """
mapping:
- {target: DRAM, type: temporal, factors: [M=7], permutation: [M, N, K]}
- {target: GB, type: temporal, factors: [N=2, K=16], permutation: [N, K, M]}
- {target: WHO, type: spatial, factors: [N=8], permutation: [N, K, M]}
- {target: RF, type: temporal, factors: [], permutation: [M, N, K]}
"""
