(* Linear systems over the rationals. What is found here is proposed to the proved checker, which multiplies it out. *)

module Sparse = Network.Sparse

type row = Q.t Sparse.t

(* row - factor * other *)
let less factor other row =
  let combine _ one other =
    let value = Q.sub (Option.value one ~default:Q.zero) (Q.mul factor (Option.value other ~default:Q.zero)) in
    if Q.sign value = 0 then None else Some value
  in
  Sparse.merge combine row other

let of_list entries : row = Sparse.of_seq (Seq.filter (fun (_, x) -> Q.sign x <> 0) (List.to_seq entries))

(* Some X of so many rows with A X = the identity, for the rows of A, `width` numbers each; None if there is none. *)
let right_inverse width rows =
  let clear column pivot row = match Sparse.find_opt column row with Some factor -> less factor pivot row | None -> row in
  let add pivots (k, row) =
    let row = Sparse.fold clear pivots (Sparse.add (width + k) Q.one row) in
    match Sparse.min_binding_opt row with
    | Some (column, pivot) when column < width ->
        let row = Sparse.map (fun x -> Q.div x pivot) row in
        Some (Sparse.add column row (Sparse.map (clear column row) pivots))
    | _ -> None
  in
  let numbered = List.mapi (fun k row -> (k, row)) rows in
  let pivots = List.fold_left (fun pivots row -> Option.bind pivots (fun pivots -> add pivots row)) (Some Sparse.empty) numbered in
  let right row = Sparse.fold (fun column x found -> if column < width then found else Sparse.add (column - width) x found) row Sparse.empty in
  let row pivots column = match Sparse.find_opt column pivots with Some row -> right row | None -> Sparse.empty in
  Option.map (fun pivots -> List.init width (row pivots)) pivots

(* The columns of rows of so many numbers, as rows. *)
let transposed width rows =
  let columns = Array.make width Sparse.empty in
  List.iteri (fun k row -> Sparse.iter (fun column x -> columns.(column) <- Sparse.add k x columns.(column)) row) rows;
  Array.to_list columns

let common rows = List.fold_left (fun one row -> Sparse.fold (fun _ x one -> Z.lcm one (Q.den x)) row one) Z.one rows

(* Rows times a common multiple of the denominators, each as so many integers. *)
let over one width rows =
  let entry row column = match Sparse.find_opt column row with Some x -> Z.divexact (Z.mul (Q.num x) one) (Q.den x) | None -> Z.zero in
  List.map (fun row -> List.init width (entry row)) rows

let in_integers width rows =
  let one = common rows in
  (over one width rows, one)
