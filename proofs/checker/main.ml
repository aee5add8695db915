(* Judges claims with the proved checker (checker.ml, extracted from enclosure_checker.v).

   On the standard input, separated by blanks, for each claim: the numbers of variables and of terms; for each term from, to, cost, exponents at
   from and to; for each variable the one that is held in its component, or -1; lower bounds; upper bounds; 1 and a direction, or 0. Rationals are
   two integers. For each claim a line: true or false. *)

open Checker

let word () = Scanf.scanf " %s" (fun s -> s)
let integer () = int_of_string (word ())
let rational () =
  let numerator = Big_int_Z.big_int_of_string (word ()) in
  let denominator = Big_int_Z.big_int_of_string (word ()) in
  if Big_int_Z.sign_big_int denominator <= 0 then failwith "a denominator that is not positive";
  { qnum = numerator; qden = denominator }
let many count read = List.init count (fun _ -> read ())

let term () =
  let from = integer () in
  let to0 = integer () in
  let weight_cost = rational () in
  let from_exponent = integer () in
  let to_exponent = integer () in
  if from < 0 || to0 < 0 || from_exponent < 0 || to_exponent < 0 then failwith "a negative number";
  { from; to0; weight_cost; from_exponent; to_exponent }

let held () = match integer () with -1 -> None | v when v >= 0 -> Some v | _ -> failwith "a negative number"

let judge variables =
  let count = integer () in
  let synapses = many count term in
  let component = many variables held in
  let lower = many variables rational in
  let upper = many variables rational in
  let claim = { variables; synapses; component; lower; upper } in
  match integer () with
  | 0 -> accepted_indexed claim
  | 1 -> accepted_indexed_in_the_limit claim (many variables rational)
  | _ -> failwith "neither a direction nor none"

let rec loop () =
  match word () with
  | "" -> ()
  | variables ->
      print_endline (string_of_bool (judge (int_of_string variables)));
      loop ()

let () = try loop () with Failure what -> prerr_endline ("checker: " ^ what); exit 2
