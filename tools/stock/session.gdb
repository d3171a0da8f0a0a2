# What is done in gdb with program.c. The chip's breakpoint unit is used for `break`; probe-rs
# 0.32 offers gdb no watchpoints, so that gdb has to step and compare.
set confirm off
set pagination off
set can-use-hw-watchpoints 0
set trace-commands on
load
compare-sections
monitor reset halt
break square
continue
backtrace
info args
print position
finish
delete
watch rounds
continue
delete
up 0
print far
info locals
print text
next
step
stepi
x/2i $pc
info registers pc sp xpsr
set variable position.x = 1000
print position.x
print position.x * position.x + position.y * position.y
break main
monitor reset halt
continue
detach
quit
